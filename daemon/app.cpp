// SPDX-License-Identifier: Apache-2.0
#include "app.hpp"

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <csignal>
#include <cstdlib>
#include <regex>
#include <utility>

#include "api/server.hpp"
#include "clock_watch.hpp"
#include "cloud/session.hpp"
#include "cloud_counters.hpp"
#include "cloud_settings.hpp"
#include "convert.hpp"
#include "core/signal.hpp"
#include "core/within.hpp"
#include "dialect/registry.hpp"
#include "fixtures.hpp"
#include "ledger/ledger.hpp"
#include "ledger/reader.hpp"
#include "orders.hpp"
#include "reworks.hpp"
#include "serial/directory_watcher.hpp"
#include "serial/opener.hpp"
#include "serial/udev_watcher.hpp"
#include "service_manager.hpp"
#include "signing_desk.hpp"
#include "station/station.hpp"
#include "status_line.hpp"

namespace fleetline::daemon {

namespace asio = boost::asio;
using namespace boost::asio::experimental::awaitable_operators;

namespace {

/// So that what is still to be answered may be: the clock may have been set since.
constexpr std::chrono::minutes lately{10};

cloud::session_settings session_settings(const config::settings& from, utc_time now) try {
    auto to = cloud_settings(from);
    ledger::filter newest;
    newest.limit = 1;
    ledger::reader(from.ledger.file).attempts(newest, [&](const ledger::attempt_row& row) {
        const auto at = parse_rfc3339(row.finished_at.empty() ? row.started_at : row.finished_at);
        to.earlier_life = !at || *at > now - lately;
        return false;
    });
    return to;
} catch (const failure&) {
    // The ledger tells of its trouble itself.
    auto to = cloud_settings(from);
    to.earlier_life = true;
    return to;
}

/// Station and session need each other: the session is built first and told of the station here.
class relay final : public station::issuer_observer {
  public:
    station::issuer_observer* to = nullptr;

    void certificate_unaccounted(std::string pem, std::string id, attempt_id attempt,
                                 std::string why) override {
        to->certificate_unaccounted(std::move(pem), std::move(id), std::move(attempt), std::move(why));
    }
    void registration_unaccounted(std::string thing, attempt_id attempt, std::string why) override {
        to->registration_unaccounted(std::move(thing), std::move(attempt), std::move(why));
    }
    void status_changed(const station::issuer_status& status) override { to->status_changed(status); }
};

/// For tests of the resume table: the process is killed at the event named by this variable, "after issued"
/// for example.
std::function<void(std::string_view)> kill_switch() {
    const char* where = std::getenv("FLEETLINE_TEST_KILL_AT");
    if (where == nullptr || *where == '\0') return {};
    return [at = std::string(where)](std::string_view checkpoint) {
        if (checkpoint == at) (void)std::raise(SIGKILL);
    };
}

}  // namespace

struct app::parts {
    parts(config::settings given, const asio::any_io_executor& in, const logger& to)
        : settings(std::move(given)),
          executor(in),
          log(to),
          manager(time),
          changes(in),
          desk(desk_if_wanted()),
          book(joined(ledger_options(settings)), executor, time, log),
          work_orders(settings, book),
          releases(settings, book),
          cloud(executor, session_settings(settings, time.utc_now()), time, log, observer),
          line(joined(station_settings(settings)), book, cloud, time, log, executor),
          server(api_settings(settings), executor, providers(), log) {
        observer.to = &line;
        line.on_change([this] {
            server.changed();
            changes.set();
        });
        book.on_commit([this](milliseconds took, std::int64_t events) { server.commit_took(took, events); });
        if (settings.usb.directory.empty())
            usb = std::make_unique<serial::udev_watcher>(executor);
        else
            usb = std::make_unique<serial::directory_watcher>(executor, settings.usb.directory);
    }

    ledger::options joined(ledger::options wanted) {
        wanted.at_work = [this] { manager.still_starting("Bringing the ledger up to date"); };
        return wanted;
    }

    station::station_settings joined(station::station_settings wanted) {
        wanted.at_checkpoint = kill_switch();
        wanted.step_took = [this](station::step which, milliseconds took) { server.step_took(which, took); };
        if (desk) wanted.sign = [this](std::string text) { return desk->sign(std::move(text)); };
        return wanted;
    }

    std::unique_ptr<signing_desk> desk_if_wanted() const {
        const bool wanted = std::any_of(settings.products.begin(), settings.products.end(),
                                        [](const auto& product) { return product.station_signed; });
        if (!wanted) return nullptr;
        ledger::make_if_new(ledger_options(settings));
        ledger::station_key key(settings.ledger.file.parent_path(), settings.station.id, time.utc_now());
        return std::make_unique<signing_desk>(std::move(key));
    }

    api::providers providers() {
        api::providers offered;
        offered.snapshot = [this] { return line.status(); };
        offered.cloud = [this] { return cloud_counters(cloud.counters()); };
        offered.ledger = [this] {
            const auto now = book.waiting();
            return api::ledger_backlog{now.queued, now.kept};
        };
        offered.scan = [this](serial_number label, slot_name slot,
                              const api::caller&) -> asio::awaitable<slot_name> {
            auto taken_by = co_await scanned(label, slot);
            co_return taken_by;
        };
        offered.sign_on = [this](std::string name, const api::caller&) -> asio::awaitable<void> {
            co_await line.sign_on(std::move(name));
        };
        offered.retry = [this](slot_name slot, const api::caller&) -> asio::awaitable<void> {
            co_await spare_pass(slot);
            line.retry(slot);
        };
        offered.rework = [this](serial_number serial, std::string why, api::caller by) {
            return releases.authorise(std::move(serial), std::move(why), std::move(by.name));
        };
        offered.open_order = [this](api::order_opening wanted, api::caller by) {
            return and_shown(work_orders.open(std::move(wanted), std::move(by)));
        };
        offered.close_order = [this](order_name order, api::caller by) {
            return and_shown(work_orders.close(std::move(order), std::move(by)));
        };
        offered.sign_head = [this]() -> asio::awaitable<void> { co_await book.make_checkpoint(); };
        offered.import_serials = [this](order_name order, std::vector<serial_number> serials,
                                        api::sent_list from, api::caller by) {
            return work_orders.import(std::move(order), std::move(serials),
                                      {std::move(by.name), from.lines, std::move(from.sha256)});
        };
        return offered;
    }

    asio::awaitable<void> and_shown(asio::awaitable<void> change_of_orders) {
        co_await std::move(change_of_orders);
        co_await line.refresh_orders();
    }

    /// A PASS stays shown until the next plug: only a rework makes way for another attempt.
    asio::awaitable<void> spare_pass(const slot_name& where) {
        const auto now = line.status();
        const auto found = std::find_if(now.slots.begin(), now.slots.end(),
                                        [&where](const auto& one) { return one.slot == where; });
        if (found == now.slots.end() || found->state != station::slot_state::passed || !found->plugged)
            co_return;
        const auto board = co_await book.device(found->serial);
        if (!board.rework_authorised)
            throw failure("already-provisioned", "Trying again", "slot " + where.text(),
                          "serial " + found->serial.text() + " has passed there");
    }

    /// A scan is a badge or a label.
    asio::awaitable<slot_name> scanned(serial_number what, slot_name slot) {
        const auto& badge = settings.station.badge_pattern;
        if (badge.empty() || !std::regex_match(what.text(), std::regex(badge)))
            co_return line.scan(what, slot);
        co_await line.sign_on(what.text());
        co_return slot_name{};
    }

    station::plug plug_for(const config::slot_section& slot, const serial::usb_device& device);
    asio::awaitable<std::unique_ptr<station::board>> opened(std::string dialect, serial::port_settings wanted,
                                                            std::string node);
    asio::awaitable<void> watch_usb();
    asio::awaitable<void> keep_status();
    asio::awaitable<void> supervised(asio::awaitable<void> part);
    asio::awaitable<void> run_station();

    config::settings settings;
    asio::any_io_executor executor;
    const logger& log;
    system_time_source time;
    serial::opener ports{time};
    service_manager manager;
    clock_watch clock{time};
    signal changes;  ///< of the station's status
    // Where a product is station_signed. Before the ledger, whose thread makes the key as well if there is
    // none.
    std::unique_ptr<signing_desk> desk;
    ledger::ledger book;
    orders work_orders;
    reworks releases;
    relay observer;
    cloud::session cloud;
    station::station line;
    api::server server;
    std::unique_ptr<serial::usb_watcher> usb;
    fixtures seats{settings};
    std::exception_ptr trouble;
    bool station_ended = false;
};

station::plug app::parts::plug_for(const config::slot_section& slot, const serial::usb_device& device) {
    const auto& product = settings.product(slot.product);
    auto open = [this, dialect = product.dialect, wanted = port_settings(product), node = device.node] {
        return opened(dialect, wanted, node);
    };
    return {device.serial, std::move(open), device.plugging};
}

asio::awaitable<std::unique_ptr<station::board>> app::parts::opened(std::string dialect,
                                                                    serial::port_settings wanted,
                                                                    std::string node) {
    auto port = co_await ports.open(std::move(node), wanted);
    auto console = std::make_unique<serial::console>(std::move(port), time);
    co_return dialect::make_board(dialect, std::move(console));
}

asio::awaitable<void> app::parts::watch_usb() {
    for (;;) {
        const serial::usb_event event = co_await usb->next();
        const auto& device = event.device;
        if (!event.warning.empty()) log.warning(event.warning, {{"DEVICE", device.name}});
        if (event.what == serial::usb_event::kind::plugged) {
            const auto place = seats.plugged(device);
            if (place.slot != nullptr)
                line.plugged(place.slot->name, plug_for(*place.slot, device));
            else
                log.info(place.why_none, {{"DEVICE", device.node}});
        } else if (event.what == serial::usb_event::kind::unplugged) {
            if (const auto* slot = seats.unplugged(device)) line.unplugged(slot->name);
        }
    }
}

/// The service manager's status follows the station's: at most once a second, and now and then also without a
/// change that the station tells of, for the ledger's trouble.
asio::awaitable<void> app::parts::keep_status() {
    constexpr milliseconds pause{1'000};
    constexpr milliseconds look_again{5'000};
    for (;;) {
        manager.status(status_line(line.status()));
        co_await time.wait_for(pause);
        (void)co_await within(time, look_again, changes.wait());
        changes.reset();
    }
}

/// Runs a part that must not end by itself: if it throws, the station stops and run() throws that. Once the
/// station has ended the others are cancelled, and that is how they are meant to end.
asio::awaitable<void> app::parts::supervised(asio::awaitable<void> part) {
    const auto ended = co_await settle(std::move(part));
    if (!ended.error || station_ended) co_return;
    if (!trouble) trouble = ended.error;
    line.stop();
}

asio::awaitable<void> app::parts::run_station() {
    co_await supervised(line.run());
    station_ended = true;
}

app::app(config::settings settings, const asio::any_io_executor& executor, const logger& log)
    : parts_(std::make_unique<parts>(std::move(settings), executor, log)) {}

app::~app() = default;

asio::awaitable<void> app::run() {
    auto& p = *parts_;
    p.manager.ready(status_line(p.line.status()));
    p.log.info("fleetlined " FLEETLINE_VERSION " is ready: station " + p.settings.station.id + ", " +
               std::to_string(p.settings.slots.size()) + " slots, ledger " + p.settings.ledger.file.string());
    // The station ends when it is asked to; that cancels the others.
    co_await (p.run_station() || (p.supervised(p.cloud.run()) && p.supervised(p.watch_usb()) &&
                                  p.supervised(p.server.run()) && p.supervised(p.manager.feed_watchdog()) &&
                                  p.supervised(p.keep_status()) && p.supervised(p.clock.run(p.log))));
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await p.book.flush();
    if (p.trouble) std::rethrow_exception(p.trouble);
    p.log.info("Stopped; every attempt is recorded");
}

void app::stop() {
    parts_->manager.stopping(parts_->settings.station.stop_grace);
    parts_->line.stop();
}

void app::reload() {
    parts_->cloud.claim_replaced();
}

}  // namespace fleetline::daemon
