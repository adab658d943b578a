// SPDX-License-Identifier: Apache-2.0
#include "cloud/connection.hpp"

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>

#include "cloud/diagnosis.hpp"
#include "cloud/trace.hpp"
#include "core/within.hpp"

namespace fleetline::cloud {

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;

namespace {

constexpr milliseconds least_between_connects{1'000};  // AWS: one CONNECT a second and client id
constexpr milliseconds breath_after_loss{400};
constexpr milliseconds long_enough{60'000};      // up so long, the next back-off starts anew
constexpr milliseconds pushed_out_soon{20'000};  // two stations with one id throw each other out
constexpr int session_taken_over = 0x8E;
constexpr int granted = 2;  // SUBACK: the highest QoS
constexpr int quota_exceeded = 0x97;
constexpr std::size_t most_listed = 4;
constexpr milliseconds link_slack{2'000};
constexpr milliseconds good_bye_limit{1'000};  // a name look-up within Paho cannot be called off

std::uint64_t random_seed() {
    std::random_device device;
    return (std::uint64_t{device()} << 32) | device();
}

std::string listed(const std::vector<std::string>& topics) {
    std::string text;
    for (std::size_t at = 0; at < std::min(topics.size(), most_listed); ++at) {
        text += (at == 0 ? "" : ", ") + topics[at];
    }
    if (topics.size() > most_listed) text += " and " + std::to_string(topics.size() - most_listed) + " more";
    return text;
}

std::string remedy_for(const std::string& topic) {
    return ": the claim's policy must allow iot:Subscribe to topicfilter/" + topic +
           "; mend it, then reload fleetlined";
}

}  // namespace

connection::connection(asio::any_io_executor target, session_settings given, time_source& clock,
                       const logger& where, station::issuer_observer& told)
    : settings_(std::move(given)),
      time_(clock),
      log_(where),
      observer_(told),
      claim_(settings_, clock),
      changed_(target),
      due_(target),
      dice_(random_seed()),
      wire_(
          settings_,
          [this](const std::string& topic, std::string_view payload, std::uint64_t ticket) {
              show("MQTT request", topic, payload);
              link_.publish(topic, payload, ticket);
          },
          told, dice_(), clock.now()),
      link_(target, settings_, where, *this) {
    state_.since = time_.utc_now();
    state_.trouble_code = "cloud-connection-lost";
    state_.trouble = "Not connected yet";
    wire_.set_trouble(state_.trouble_code, state_.trouble);
}

void connection::link_message(const std::string& topic, const std::string& payload) {
    show("MQTT answer", topic, payload);
    heard_ = time_.now();
    wire_.message(topic, payload, time_.now(), time_.utc_now());
    pump();
}

void connection::link_acknowledged(std::uint64_t ticket) {
    heard_ = time_.now();
    wire_.acknowledged(ticket, time_.now());
    pump();
}

void connection::link_not_sent(std::uint64_t ticket) {
    wire_.not_sent(ticket, time_.now());
    pump();
}

void connection::link_denied(std::uint64_t ticket) {
    wire_.denied(ticket, time_.now());
    pump();
}

void connection::claim_replaced() {
    renew_ = true;
    changed_.ring();
}

asio::awaitable<void> connection::available() {
    while (!up_) co_await changed_.wait();
}

station::issuer_status connection::status() const {
    auto now = state_;
    now.in_flight = wire_.in_flight();
    now.queued = wire_.queued();
    now.claim_not_after = checked_claim_.not_after;
    return now;
}

session_counters connection::counters() const {
    auto all = count_;
    all.lanes = wire_.counters();
    return all;
}

/// Sends what may be sent, and has the timer look at when the next thing is due.
void connection::pump() {
    wire_.pump(time_.now());
    due_.ring();
}

void connection::show(std::string_view what, const std::string& topic, std::string_view payload) const {
    if (!log_.writes(log_level::debug)) return;
    log_.debug(std::string(what) + " " + topic + " " + traced(settings_.format, payload));
}

void connection::set_trouble(const std::string& code, const std::string& text) {
    const bool news = state_.connected || state_.trouble_code != code || state_.trouble != text;
    if (state_.connected) state_.since = time_.utc_now();
    state_.connected = false;
    state_.trouble_code = code;
    state_.trouble = text;
    wire_.set_trouble(code, text);
    if (!news) return;
    log_.warning("No session with the cloud: " + text, {{"CODE", code}});
    observer_.status_changed(state_);
}

void connection::came_up(const link_up& answer) {
    up_ = true;
    up_since_ = heard_ = time_.now();
    silent_ = false;
    failures_ = 0;
    ++count_.connects;
    state_.connected = true;
    state_.since = time_.utc_now();
    state_.trouble_code.clear();
    state_.trouble.clear();
    // One less than the broker's limit: Paho stalls for a second at it.
    wire_.link_up(std::max<std::size_t>(answer.receive_maximum, 2) - 1);
    log_.info("Connected to the cloud", {{"ENDPOINT", settings_.endpoint}});
    observer_.status_changed(state_);
    changed_.ring();
    pump();
}

void connection::link_lost(int reason) {
    lost_ = true;
    lost_reason_ = reason;
    lost_at_ = time_.now();
    if (up_) ++count_.losses;
    up_ = false;
    wire_.link_lost(lost_at_);
    changed_.ring();
    pump();
}

/// Somebody who replaces the claim or reloads the station has done something about what is wrong, and need
/// not wait for it to be tried.
asio::awaitable<void> connection::pause_before_connect() {
    auto pause = least_between_connects;
    const auto times = failures_ + pushed_out_;
    if (times > 0) {
        const auto longest = std::max(settings_.reconnect_longest, least_between_connects);
        const auto doubled = settings_.reconnect_least * (1LL << std::min(times - 1, 16));
        const auto most = denied_ ? longest : std::min<milliseconds>(doubled, longest);
        std::uniform_int_distribution<std::int64_t> jitter(most.count() / 2, most.count());
        pause = std::max(least_between_connects, milliseconds{jitter(dice_)});
    }
    if (last_connect_ != monotonic_time{}) {
        co_await (time_.wait_until(last_connect_ + pause) || until_claim_replaced());
        if (renew_) failures_ = pushed_out_ = 0;
        co_await time_.wait_until(last_connect_ + least_between_connects);
    }
    // Who pushed this session out gets to subscribe: of two that push each other out at once, one would see
    // its link lost over that, again and again, and take it for a policy's doing.
    std::uniform_int_distribution<std::int64_t> breath(breath_after_loss.count() / 2,
                                                       breath_after_loss.count());
    if (lost_at_ != monotonic_time{}) co_await time_.wait_until(lost_at_ + milliseconds{breath(dice_)});
    last_connect_ = time_.now();
}

asio::awaitable<void> connection::until_claim_replaced() {
    while (!renew_) co_await changed_.wait();
}

asio::awaitable<bool> connection::connect_once() {
    renew_ = false;
    checked_claim_ = co_await claim_.prepare();
    if (checked_claim_.wrong) {
        set_trouble(checked_claim_.wrong->code, checked_claim_.wrong->text);
        co_return false;
    }
    if (checked_claim_.exposed != exposed_) {
        exposed_ = checked_claim_.exposed;
        if (!exposed_.empty()) {
            log_.warning("The claim's key is not the station's alone: " + exposed_ + "; it should be 0600");
        }
    }
    claim_files files;
    files.certificate = claim_.ready().claim.certificate_file.string();
    files.key = claim_.ready().claim.key_file.string();
    lost_ = false;
    lost_reason_ = 0;
    auto answer = co_await within(time_, settings_.connect_timeout + link_slack, link_.connect(files));
    if (answer && answer->connected) {
        const bool subscribed = co_await subscribe();
        if (!subscribed) co_return false;
        came_up(*answer);
        co_return true;
    }
    const auto said = answer ? answer->words : std::string("no answer in time");
    const auto code = answer ? answer->reason : 0;
    wire_.link_failed();
    subscribe_losses_ = 0;
    denied_ = false;
    const auto found = co_await diagnose(claim_.ready(), time_, code, said);
    if (found.code.starts_with("cloud-claim-")) claim_.forget();
    set_trouble(found.code, found.text);
    co_return false;
}

/// All at once; where the connection was lost over that, one by one: AWS ends it instead of refusing, and
/// only so it shows which topic is the one.
asio::awaitable<bool> connection::subscribe() {
    const auto topics = wire_.answer_topics();
    const auto at_once = static_cast<std::ptrdiff_t>(subscribe_losses_ == 0 ? topics.size() : 1);
    std::vector<std::string> refused;
    bool too_many = false;
    for (auto first = topics.begin(); first != topics.end(); first += at_once) {
        const std::vector<std::string> part(first, first + at_once);
        const auto answer = co_await link_.subscribe(part);
        if (answer.codes.size() != part.size()) {
            if (answer.lost) {
                lost_over_subscribe(part);
            } else {
                set_trouble("cloud-no-answer", "The cloud does not answer when the station subscribes");
            }
            co_return false;
        }
        for (std::size_t at = 0; at < part.size(); ++at) {
            if (answer.codes[at] > granted) refused.push_back(part[at]);
            too_many = too_many || answer.codes[at] == quota_exceeded;
        }
    }
    subscribe_losses_ = 0;
    suspect_.clear();
    denied_ = !refused.empty() && !too_many;
    if (refused.empty() && lost_) lost_over_subscribe(topics);
    if (refused.empty()) co_return !lost_;
    if (too_many) {
        set_trouble("cloud-throttled", "The cloud takes no more subscriptions at the moment");
    } else {
        set_trouble("cloud-policy-denies", "The cloud does not let the station subscribe to " +
                                               listed(refused) + remedy_for(refused.front()));
    }
    co_return false;
}

void connection::lost_over_subscribe(const std::vector<std::string>& topics) {
    ++subscribe_losses_;
    if (lost_reason_ == session_taken_over) {
        say_taken();
        return;
    }
    if (topics.size() > 1) {  // once may be chance
        set_trouble("cloud-connection-lost", "The connection was lost while subscribing");
        return;
    }
    denied_ = suspect_ == topics.front();
    suspect_ = topics.front();
    set_trouble("cloud-policy-denies", "The cloud closes the connection when the station subscribes to " +
                                           suspect_ + remedy_for(suspect_));
}

/// A claim that was replaced is looked at before the session that works is given up for it; then nothing new
/// is sent until what is in flight has been answered.
asio::awaitable<void> connection::until_lost_or_renewed() {
    for (;;) {
        while (up_ && !renew_) co_await changed_.wait();
        if (!up_) co_return;
        renew_ = false;
        auto found = co_await claim_.prepare();
        if (!up_) co_return;
        if (!found.wrong) {
            checked_claim_ = std::move(found);
            break;
        }
        log_.warning("The new claim cannot be used; the session stays as it is: " + found.wrong->text,
                     {{"CODE", found.wrong->code}});
    }
    wire_.hold(true);
    while (up_ && wire_.in_flight() > 0) co_await changed_.wait();
}

void connection::judge_loss() {
    const auto stood = time_.now() - up_since_;
    if (stood > long_enough) failures_ = pushed_out_ = 0;
    if (!wire_.denied_topic().empty()) {
        set_trouble("cloud-policy-denies",
                    "The cloud drops the connection whenever something is published to " +
                        wire_.denied_topic() + ": the claim's policy does not allow it");
        return;
    }
    if (silent_) {
        set_trouble("cloud-connection-lost",
                    "Nothing came from " + settings_.endpoint + " for " +
                        std::to_string(settings_.silence.count() / 1000) +
                        " s, not even that it had got a request: the network on the way is down");
        return;
    }
    const bool taken_over = lost_reason_ == session_taken_over;
    const bool for_no_reason = lost_reason_ == 0 && stood < pushed_out_soon && !wire_.lost_after_publish();
    pushed_out_ = taken_over || for_no_reason ? pushed_out_ + 1 : 0;
    if (taken_over || pushed_out_ > 2) {
        say_taken();
    } else {
        set_trouble("cloud-connection-lost", "The connection to " + settings_.endpoint + " was lost");
    }
}

void connection::say_taken() {
    set_trouble("cloud-client-id-taken",
                "The cloud keeps ending the session: another client connects with the id '" +
                    settings_.client_id + "' (two stations with one id push each other out)");
}

/// When the link is to be given up unless something comes. A network that is gone says nothing, and Paho's
/// keep-alive notices only after two of its intervals.
std::optional<monotonic_time> connection::silent_at() const {
    const auto first = wire_.first_unacknowledged();
    if (!up_ || !first) return std::nullopt;
    return std::max(*first, heard_) + settings_.silence;
}

void connection::give_up_silent_link() {
    silent_ = true;
    wire_.link_failed();  // it was not over what was published last, nor is the next loss
    link_lost(0);
    wire_.link_failed();
}

asio::awaitable<void> connection::keep_connected() {
    for (;;) {
        co_await pause_before_connect();
        const bool connected = co_await connect_once();
        if (connected) {
            co_await until_lost_or_renewed();
            if (up_) {
                lost_reason_ = 0;
                up_ = false;
                wire_.link_lost(time_.now());
                set_trouble("cloud-connection-lost", "The session is renewed with the new claim");
            } else {
                judge_loss();
            }
        } else {
            ++count_.connects_failed;
            ++failures_;
        }
        co_await link_.close();
    }
}

asio::awaitable<void> connection::keep_time() {
    for (;;) {
        const auto now = time_.now();
        wire_.pump(now);
        if (wire_.held_back() && wire_.in_flight() == 0) changed_.ring();
        auto silence = silent_at();
        if (silence && *silence <= now) {
            give_up_silent_link();
            silence.reset();
        }
        auto wake = wire_.wake(now);
        if (silence && (!wake || *silence < *wake)) wake = silence;
        if (wake) {
            co_await (due_.wait() || time_.wait_until(*wake));
        } else {
            co_await due_.wait();
        }
    }
}

asio::awaitable<void> connection::run() {
    std::exception_ptr why;
    try {
        co_await (keep_connected() && keep_time());
    } catch (...) {
        why = std::current_exception();
    }
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    up_ = false;
    wire_.link_lost(time_.now());
    set_trouble("station-stopping", "The station ends its session");
    co_await within(time_, good_bye_limit, link_.close());
    std::rethrow_exception(why);
}

}  // namespace fleetline::cloud
