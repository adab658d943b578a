// SPDX-License-Identifier: Apache-2.0
#include "cloud/session.hpp"

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>
#include <optional>
#include <random>

#include "cloud/bell.hpp"
#include "cloud/claim.hpp"
#include "cloud/claim_keeper.hpp"
#include "cloud/diagnosis.hpp"
#include "cloud/messages.hpp"
#include "cloud/mqtt_link.hpp"
#include "cloud/trace.hpp"
#include "cloud/traffic.hpp"
#include "core/within.hpp"

namespace fleetline::cloud {

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;

namespace {

constexpr milliseconds least_between_connects{1'000};  // AWS: one CONNECT a second and client id
constexpr milliseconds long_enough{60'000};            // up so long, the next back-off starts anew
constexpr milliseconds pushed_out_soon{20'000};        // two stations with one id throw each other out
constexpr int session_taken_over = 0x8E;
constexpr milliseconds link_slack{2'000};

std::uint64_t random_seed() {
    std::random_device device;
    return (std::uint64_t{device()} << 32) | device();
}

}  // namespace

struct session::parts final : link_events {
    parts(asio::any_io_executor target, session_settings given, time_source& clock, const logger& where,
          station::issuer_observer& told)
        : settings(std::move(given)),
          time(clock),
          log(where),
          observer(told),
          claim(settings, clock),
          changed(target),
          due(target),
          dice(random_seed()),
          wire(
              settings,
              [this](const std::string& topic, std::string_view payload, std::uint64_t ticket) {
                  show("MQTT request", topic, payload);
                  link.publish(topic, payload, ticket);
              },
              told, dice(), clock.now()),
          link(target, settings, where, *this) {
        state.since = time.utc_now();
        state.trouble_code = "cloud-connection-lost";
        state.trouble = "Not connected yet";
        wire.set_trouble(state.trouble_code, state.trouble);
    }

    const session_settings settings;
    time_source& time;
    const logger& log;
    station::issuer_observer& observer;
    claim_keeper claim;
    claim_report checked_claim;
    bell changed;  ///< the link came up or went down
    bell due;      ///< the traffic must be looked at
    std::mt19937_64 dice;
    traffic wire;
    mqtt_link link;

    station::issuer_status state;
    session_counters count;
    bool up = false;
    bool renew = false;
    int lost_reason = 0;
    int failures = 0;    ///< to connect, in a row
    int pushed_out = 0;  ///< in a row: lost soon after connecting, for no other reason
    int subscribe_losses = 0;
    monotonic_time last_connect{};
    monotonic_time up_since{};
    monotonic_time heard{};  ///< anything from the broker
    bool silent = false;     ///< the link was given up because nothing came

    // link_events
    void link_message(const std::string& topic, const std::string& payload) override {
        show("MQTT answer", topic, payload);
        heard = time.now();
        wire.message(topic, payload, time.now(), time.utc_now());
        pump();
    }
    void link_acknowledged(std::uint64_t ticket) override {
        heard = time.now();
        wire.acknowledged(ticket, time.now());
        pump();
    }
    void link_not_sent(std::uint64_t ticket) override {
        wire.not_sent(ticket, time.now());
        pump();
    }
    void link_denied(std::uint64_t ticket) override {
        wire.denied(ticket, time.now());
        pump();
    }
    void link_lost(int reason) override;

    /// The trace, at log level debug; no secret and no PEM gets into it.
    void show(std::string_view what, const std::string& topic, std::string_view payload) const {
        if (!log.writes(log_level::debug)) return;
        log.debug(std::string(what) + " " + topic + " " + traced(settings.format, payload));
    }

    /// Sends what may be sent, and has the timer look at when the next thing is due.
    void pump() {
        wire.pump(time.now());
        due.ring();
    }

    asio::awaitable<void> keep_connected();
    asio::awaitable<void> keep_time();
    asio::awaitable<void> pause_before_connect();
    asio::awaitable<bool> connect_once();
    asio::awaitable<bool> subscribe();
    asio::awaitable<void> until_lost_or_renewed();
    void came_up(const link_up& answer);
    void judge_loss();
    std::optional<monotonic_time> silent_at() const;
    void give_up_silent_link();
    void set_trouble(const std::string& code, const std::string& text);
};

void session::parts::set_trouble(const std::string& code, const std::string& text) {
    const bool news = state.connected || state.trouble_code != code || state.trouble != text;
    if (state.connected) state.since = time.utc_now();
    state.connected = false;
    state.trouble_code = code;
    state.trouble = text;
    wire.set_trouble(code, text);
    if (!news) return;
    log.warning("No session with the cloud: " + text, {{"CODE", code}});
    observer.status_changed(state);
}

void session::parts::came_up(const link_up& answer) {
    up = true;
    up_since = heard = time.now();
    silent = false;
    failures = 0;
    ++count.connects;
    state.connected = true;
    state.since = time.utc_now();
    state.trouble_code.clear();
    state.trouble.clear();
    // One less than the broker's limit: Paho stalls for a second at it.
    wire.link_up(std::max<std::size_t>(answer.receive_maximum, 2) - 1);
    log.info("Connected to the cloud", {{"ENDPOINT", settings.endpoint}});
    observer.status_changed(state);
    changed.ring();
    pump();
}

void session::parts::link_lost(int reason) {
    lost_reason = reason;
    if (up) ++count.losses;
    up = false;
    wire.link_lost(time.now());
    changed.ring();
    pump();
}

asio::awaitable<void> session::parts::pause_before_connect() {
    auto pause = least_between_connects;
    const auto times = failures + pushed_out;
    if (times > 0) {
        const auto doubled = settings.reconnect_least * (1LL << std::min(times - 1, 16));
        const auto longest = std::max(settings.reconnect_longest, least_between_connects);
        const auto most = std::min<milliseconds>(doubled, longest);
        std::uniform_int_distribution<std::int64_t> jitter(most.count() / 2, most.count());
        pause = std::max(least_between_connects, milliseconds{jitter(dice)});
    }
    if (last_connect != monotonic_time{}) co_await time.wait_until(last_connect + pause);
    last_connect = time.now();
}

asio::awaitable<bool> session::parts::connect_once() {
    renew = false;
    checked_claim = co_await claim.prepare();
    if (checked_claim.wrong) {
        set_trouble(checked_claim.wrong->code, checked_claim.wrong->text);
        co_return false;
    }
    claim_files files;
    files.certificate = claim.ready().claim.certificate_file.string();
    files.key = claim.ready().claim.key_file.string();
    auto answer = co_await within(time, settings.connect_timeout + link_slack, link.connect(files));
    if (answer && answer->connected) {
        const bool subscribed = co_await subscribe();
        if (!subscribed) co_return false;
        came_up(*answer);
        co_return true;
    }
    const auto said = answer ? answer->words : std::string("no answer in time");
    const auto code = answer ? answer->reason : 0;
    wire.link_failed();
    const auto found = co_await diagnose(claim.ready(), time, code, said);
    if (found.code.starts_with("cloud-claim-")) claim.forget();
    set_trouble(found.code, found.text);
    co_return false;
}

asio::awaitable<bool> session::parts::subscribe() {
    const auto topics = wire.answer_topics();
    lost_reason = 0;
    const auto codes = co_await link.subscribe(topics);
    if (codes.size() != topics.size()) {
        // AWS closes the connection instead of refusing; once may be chance.
        const bool again = ++subscribe_losses > 1;
        set_trouble(
            again ? "cloud-policy-denies" : "cloud-connection-lost",
            again ? "The cloud closes the connection when the station subscribes to the answer topics (" +
                        topics.front() + " …): the claim's policy does not allow it"
                  : "The connection was lost while subscribing");
        co_return false;
    }
    for (std::size_t at = 0; at < codes.size(); ++at) {
        if (codes[at] <= 2) continue;
        set_trouble("cloud-policy-denies", "The cloud does not let the station subscribe to " + topics[at] +
                                               ": the claim's policy must allow it");
        co_return false;
    }
    subscribe_losses = 0;
    co_return true;
}

/// A claim that was replaced is looked at before the session that works is given up for it; then nothing new
/// is sent until what is in flight has been answered.
asio::awaitable<void> session::parts::until_lost_or_renewed() {
    for (;;) {
        while (up && !renew) co_await changed.wait();
        if (!up) co_return;
        renew = false;
        auto found = co_await claim.prepare();
        if (!up) co_return;
        if (!found.wrong) {
            checked_claim = std::move(found);
            break;
        }
        log.warning("The new claim cannot be used; the session stays as it is: " + found.wrong->text,
                    {{"CODE", found.wrong->code}});
    }
    wire.hold(true);
    while (up && wire.in_flight() > 0) co_await changed.wait();
}

void session::parts::judge_loss() {
    const auto stood = time.now() - up_since;
    if (stood > long_enough) failures = pushed_out = 0;
    if (!wire.denied_topic().empty()) {
        set_trouble("cloud-policy-denies",
                    "The cloud drops the connection whenever something is published to " +
                        wire.denied_topic() + ": the claim's policy does not allow it");
        return;
    }
    if (silent) {
        set_trouble("cloud-connection-lost",
                    "Nothing came from " + settings.endpoint + " for " +
                        std::to_string(settings.silence.count() / 1000) +
                        " s, not even that it had got a request: the network on the way is down");
        return;
    }
    const bool taken_over = lost_reason == session_taken_over;
    const bool for_no_reason = lost_reason == 0 && stood < pushed_out_soon && !wire.lost_after_publish();
    pushed_out = taken_over || for_no_reason ? pushed_out + 1 : 0;
    if (taken_over || pushed_out > 2) {
        set_trouble("cloud-client-id-taken",
                    "The cloud keeps ending the session: another client connects with the id '" +
                        settings.client_id + "' (two stations with one id push each other out)");
    } else {
        set_trouble("cloud-connection-lost", "The connection to " + settings.endpoint + " was lost");
    }
}

/// When the link is to be given up unless something comes. A network that is gone says nothing, and Paho's
/// keep-alive notices only after two of its intervals.
std::optional<monotonic_time> session::parts::silent_at() const {
    const auto first = wire.first_unacknowledged();
    if (!up || !first) return std::nullopt;
    return std::max(*first, heard) + settings.silence;
}

void session::parts::give_up_silent_link() {
    silent = true;
    link_lost(0);
    wire.link_failed();  // it was not over what was published last
}

asio::awaitable<void> session::parts::keep_connected() {
    for (;;) {
        co_await pause_before_connect();
        const bool connected = co_await connect_once();
        if (connected) {
            co_await until_lost_or_renewed();
            if (up) {
                lost_reason = 0;
                up = false;
                wire.link_lost(time.now());
                set_trouble("cloud-connection-lost", "The session is renewed with the new claim");
            } else {
                judge_loss();
            }
        } else {
            ++count.connects_failed;
            ++failures;
        }
        co_await link.close();
    }
}

asio::awaitable<void> session::parts::keep_time() {
    for (;;) {
        const auto now = time.now();
        wire.pump(now);
        if (wire.held_back() && wire.in_flight() == 0) changed.ring();
        auto silence = silent_at();
        if (silence && *silence <= now) {
            give_up_silent_link();
            silence.reset();
        }
        auto wake = wire.wake(now);
        if (silence && (!wake || *silence < *wake)) wake = silence;
        if (wake) {
            co_await (due.wait() || time.wait_until(*wake));
        } else {
            co_await due.wait();
        }
    }
}

session::session(asio::any_io_executor executor, session_settings settings, time_source& time,
                 const logger& log, station::issuer_observer& observer)
    : parts_(std::make_unique<parts>(std::move(executor), std::move(settings), time, log, observer)) {}

session::~session() = default;

asio::awaitable<void> session::run() {
    std::exception_ptr why;
    try {
        co_await (parts_->keep_connected() && parts_->keep_time());
    } catch (...) {
        why = std::current_exception();
    }
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    parts_->up = false;
    parts_->wire.link_lost(parts_->time.now());
    parts_->set_trouble("station-stopping", "The station ends its session");
    co_await parts_->link.close();
    std::rethrow_exception(why);
}

void session::claim_replaced() {
    parts_->renew = true;
    parts_->changed.ring();
}

station::issuer_status session::status() const {
    auto now = parts_->state;
    now.in_flight = parts_->wire.in_flight();
    now.queued = parts_->wire.queued();
    now.claim_not_after = parts_->checked_claim.not_after;
    return now;
}

claim_report session::claim() const {
    return parts_->checked_claim;
}

session_counters session::counters() const {
    auto all = parts_->count;
    all.lanes = parts_->wire.counters();
    return all;
}

asio::awaitable<void> session::available() {
    while (!parts_->up) co_await parts_->changed.wait();
}

namespace {

/// Where a call's outcome waits for its coroutine; the coroutine may be gone by then.
template <class T>
struct landing {
    explicit landing(const asio::any_io_executor& executor) : rung(executor) {}
    bell rung;
    std::optional<outcome<T>> result;
};

template <class T>
asio::awaitable<T> outcome_of(std::shared_ptr<landing<T>> place, traffic& wire, std::uint64_t id,
                              time_source& time) {
    struct withdrawal {
        traffic& wire;
        time_source& time;
        std::uint64_t id;
        bool ended = false;
        ~withdrawal() {
            if (!ended) wire.withdraw(id, time.now());
        }
    } guard{wire, time, id};
    while (!place->result) co_await place->rung.wait();
    guard.ended = true;
    if (auto* why = std::get_if<failure>(&*place->result)) throw *why;
    co_return std::move(std::get<T>(*place->result));
}

}  // namespace

asio::awaitable<station::issued_certificate> session::create_certificate(
    station::certificate_request request) {
    const auto executor = co_await asio::this_coro::executor;
    auto place = std::make_shared<landing<station::issued_certificate>>(executor);
    auto asked = std::make_unique<certificate_call>();
    asked->body = write_create_request(parts_->settings.format, request.csr_pem);
    asked->request = std::move(request);
    asked->done = [place](outcome<station::issued_certificate> result) {
        place->result.emplace(std::move(result));
        place->rung.ring();
    };
    const auto id = parts_->wire.add(std::move(asked), parts_->time.now());
    parts_->pump();
    co_return co_await outcome_of(std::move(place), parts_->wire, id, parts_->time);
}

asio::awaitable<station::issued_keys> session::create_keys(station::keys_request request) {
    const auto executor = co_await asio::this_coro::executor;
    auto place = std::make_shared<landing<station::issued_keys>>(executor);
    const auto subject = "serial " + request.serial.text();
    auto asked = std::make_unique<keys_call>();
    asked->body = write_keys_request(parts_->settings.format);
    asked->request = std::move(request);
    asked->done = [place](outcome<station::issued_keys> result) {
        place->result.emplace(std::move(result));
        place->rung.ring();
    };
    const auto id = parts_->wire.add(std::move(asked), parts_->time.now());
    if (!id) {
        throw failure("station-configuration", "Asking the cloud for a key", subject,
                      "the session was not told that the cloud makes keys");
    }
    parts_->pump();
    co_return co_await outcome_of(std::move(place), parts_->wire, *id, parts_->time);
}

asio::awaitable<station::registration> session::register_thing(station::registration_request request) {
    const auto executor = co_await asio::this_coro::executor;
    auto place = std::make_shared<landing<station::registration>>(executor);
    const auto subject = "serial " + request.serial.text();
    const auto template_name = request.template_name;
    auto asked = std::make_unique<registration_call>();
    asked->body =
        write_register_request(parts_->settings.format, request.ownership_token, request.parameters);
    asked->request = std::move(request);
    asked->done = [place](outcome<station::registration> result) {
        place->result.emplace(std::move(result));
        place->rung.ring();
    };
    const auto id = parts_->wire.add(std::move(asked), parts_->time.now());
    if (!id) {
        throw failure("station-configuration", "Registering the thing", subject,
                      "the session was not told of template '" + template_name + "'");
    }
    parts_->pump();
    co_return co_await outcome_of(std::move(place), parts_->wire, *id, parts_->time);
}

}  // namespace fleetline::cloud
