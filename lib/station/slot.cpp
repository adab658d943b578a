// SPDX-License-Identifier: Apache-2.0
#include "station/slot.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <optional>
#include <utility>

#include "core/unique_id.hpp"
#include "core/within.hpp"
#include "station/texts.hpp"

namespace fleetline::station {

namespace asio = boost::asio;

namespace {

constexpr milliseconds longest_restart{10'000};  ///< of a board, until its USB is there again
constexpr int most_absences = 3;  ///< in one attempt: a loose contact is not worked on for ever

}  // namespace

using namespace boost::asio::experimental::awaitable_operators;

/// One plugged board, from plug to unplug. An attempt that still waits for the cloud may outlast it.
struct slot::presence {
    presence(plug of, const asio::any_io_executor& executor)
        : what(std::move(of)), gone(std::make_shared<signal>(executor)) {}
    plug what;
    std::shared_ptr<signal> gone;
    serial_number label;
    bool is_new = true;    ///< nothing has been done about it yet
    bool is_back = false;  ///< from the restart at the end of its attempt
};

slot::slot(const slot_settings& settings, const product_settings& product, workshop& shop, const logger& log,
           const asio::any_io_executor& executor, std::function<void()> changed)
    : settings_(settings),
      product_(product),
      shop_(shop),
      log_(log),
      executor_(executor),
      changed_(std::move(changed)),
      work_(executor) {
    status_.slot = settings.name;
    status_.product = settings.product;
    status_.port = settings.port;
    status_.since = shop.time.utc_now();
}

slot::~slot() = default;

void slot::plugged(plug what) {
    if (there_) unplugged();
    there_ = std::make_shared<presence>(std::move(what), executor_);
    there_->is_back = is_back(*there_);
    // It has its label; one that was read meanwhile is the next board's.
    if (there_->is_back && product_.start != start_rule::on_plug) there_->label = status_.serial;
    status_.plugged = true;
    work_.set();
    changed_();
}

void slot::unplugged() {
    if (!there_) return;
    there_->gone->set();
    there_.reset();
    status_.plugged = false;
    if (status_.state == slot_state::waiting_for_scan)
        status_.start_over(slot_state::empty, shop_.time.utc_now());
    changed_();
}

bool slot::retry() {
    if (!there_ || busy_ || awaits_label()) return false;
    work_.set();
    return true;
}

void slot::cloud_is(bool up) {
    const auto from = up ? slot_state::waiting_for_cloud : slot_state::working;
    const bool asks = status_.at == step::issue || status_.at == step::register_thing;
    if (!asks || status_.state != from) return;
    status_.state = up ? slot_state::working : slot_state::waiting_for_cloud;
    status_.since = shop_.time.utc_now();
}

bool slot::take_label(serial_number label) {
    if (!awaits_label() && !label_refused()) return false;
    there_->label = std::move(label);
    work_.set();
    return true;
}

bool slot::awaits_label() const {
    return there_ && product_.start != start_rule::on_plug && there_->label.empty();
}

bool slot::label_refused() const {
    const bool of_the_label =
        status_.failure_code == "order-serial-mismatch" || status_.failure_code == "order-serial-invalid";
    return there_ && !busy_ && product_.start != start_rule::on_plug && of_the_label;
}

bool slot::takes_early() const {
    return !there_ && product_.start == start_rule::both;
}

bool slot::has(const serial_number& label) const {
    return there_ && there_->label == label;
}

std::string_view slot::usb_serial() const {
    return there_ ? std::string_view(there_->what.usb_serial) : std::string_view{};
}

asio::awaitable<void> slot::run() {
    for (;;) {
        co_await (work_.wait() || shop_.stopping.wait());
        if (shop_.stopping.is_set()) co_return;
        work_.reset();
        const auto there = there_;
        if (!there) continue;
        if (std::exchange(there->is_new, false)) {
            const bool nothing_to_do = co_await passed_before(there);
            if (nothing_to_do || there_ != there) continue;
        }
        if (awaits_label()) {
            status_.start_over(slot_state::waiting_for_scan, shop_.time.utc_now());
            changed_();
            continue;
        }
        busy_ = true;
        co_await one_attempt(there);
        busy_ = false;
        if (on_outcome) co_await on_outcome(status_);
    }
}

bool slot::is_back(const presence& board) {
    const auto expected = std::exchange(restarted_, std::nullopt);
    return expected && board.what.usb_serial == expected->usb_serial &&
           shop_.time.now() <= expected->awaited_until;
}

asio::awaitable<bool> slot::passed_before(std::shared_ptr<presence> there) {
    if (there->is_back && status_.state == slot_state::passed) {
        shop_.seats.note(settings_.name, there->what.plugging, status_.attempt);
        log_.info("The board is back from its restart", {{"SLOT", settings_.name.text()},
                                                         {"SERIAL", status_.serial.text()},
                                                         {"ATTEMPT", status_.attempt.text()}});
        co_return true;
    }
    // Or the station itself was started again, and the board has not been touched since.
    const attempt_id last = shop_.seats.last_attempt(settings_.name, there->what.plugging);
    if (last.empty()) co_return false;
    const auto asked = co_await settle(shop_.book.passed_attempt(last));
    if (!asked.value || !*asked.value) co_return false;
    const ledger::passed_record& passed = **asked.value;
    const bool is_ours = passed.slot == settings_.name && passed.product == product_.name;
    if (!is_ours || there_ != there || !there->label.empty()) co_return false;
    if (product_.start != start_rule::on_plug) there->label = passed.serial;
    status_.start_over(slot_state::passed, passed.finished_at);
    status_.at = step::finish;
    status_.attempt = last;
    status_.serial = passed.serial;
    status_.thing = passed.thing;
    status_.certificate = passed.certificate;
    status_.duration = passed.duration;
    changed_();
    log_.info("The board that sits here has passed and was not touched since",
              {{"SLOT", settings_.name.text()}, {"SERIAL", passed.serial.text()}, {"ATTEMPT", last.text()}});
    co_return true;
}

/// The same board, back in this slot soon after it went away; null: it is not, or nobody can tell.
asio::awaitable<std::shared_ptr<slot::presence>> slot::returned(std::shared_ptr<presence> left) {
    if (left->what.usb_serial.empty()) co_return nullptr;
    const auto until = shop_.time.now() + shop_.settings.longest_absence;
    while (!there_ || there_ == left) {
        work_.reset();
        auto first = co_await (work_.wait() || shop_.stopping.wait() || shop_.time.wait_until(until));
        if (first.index() != 0) co_return nullptr;
    }
    if (there_->what.usb_serial != left->what.usb_serial) co_return nullptr;
    work_.reset();
    there_->is_new = false;
    there_->label = left->label;
    shop_.seats.note(settings_.name, there_->what.plugging, status_.attempt);
    log_.info("The board is back; its attempt goes on", {{"SLOT", settings_.name.text()},
                                                         {"SERIAL", status_.serial.text()},
                                                         {"ATTEMPT", status_.attempt.text()}});
    co_return there_;
}

asio::awaitable<void> slot::one_attempt(std::shared_ptr<presence> there) {
    const auto& make_id = shop_.settings.make_id;
    attempt_id id{make_id ? make_id() : make_unique_id(shop_.time.utc_now())};
    restarted_.reset();
    shop_.seats.note(settings_.name, there->what.plugging, id);
    attempt current(std::move(id), shop_.staff.name(), shop_.book, shop_.time, shop_.settings, status_,
                    changed_);
    std::unique_ptr<board> device;
    std::string transcript;
    // With its right to the serial and its seat in the order, until all is recorded.
    procedure work(shop_, current, product_, there->label);
    std::string code;
    std::string why;
    try {
        ledger::attempt_started started;
        started.attempt = current.id();
        started.slot = settings_.name;
        started.port = settings_.port;
        started.product = product_.name;
        started.operator_name = current.operator_name();
        co_await current.note(std::move(started));
        for (int absences = 0;; ++absences) {
            const auto done = co_await settle(at_board(there, work, device));
            if (!done.error) break;
            const bool is_gone = has_code(done.error, "port-gone");
            if (!is_gone || absences == most_absences || work.met_another_board())
                std::rethrow_exception(done.error);
            if (device) transcript += device->transcript();
            device.reset();  // lets go of the tty
            const auto back = co_await returned(there);
            if (!back) std::rethrow_exception(done.error);
            there = back;
        }
    } catch (const failure& refused) {
        code = refused.code();
        why = refused.what();
        if (const auto* request = dynamic_cast<const request_failure*>(&refused))
            current.request_failed(request->request_ms);
    } catch (const boost::system::system_error& error) {
        const bool stopped = error.code() == asio::error::operation_aborted && shop_.stopping.is_set();
        code = stopped ? "station-stopping" : "station-internal";
        why = stopped ? "the station was stopped and could not wait any longer" : error.what();
    } catch (const std::exception& error) {
        code = "station-internal";
        why = error.what();
    }
    // The outcome is recorded even when this coroutine is being cancelled.
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    if (device) {
        transcript += device->transcript();
        if (code.empty() && device->restarting() && !there->what.usb_serial.empty())
            restarted_ = restarted_board{there->what.usb_serial, shop_.time.now() + longest_restart};
        device.reset();
    }
    if (!transcript.empty()) shop_.book.store_transcript(current.id(), std::move(transcript));
    co_await conclude(current, std::move(code), std::move(why));
    if (work.met_another_board()) work_.set();  // that one has not had its attempt
    co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
}

asio::awaitable<std::unique_ptr<board>> slot::opened(std::shared_ptr<presence> there) {
    auto opening = settle(there->what.open());
    auto first = co_await (std::move(opening) || there->gone->wait());
    if (first.index() == 1) throw failure("port-gone", "Opening the port", "", "the board was unplugged");
    auto& result = std::get<0>(first);
    if (result.error) std::rethrow_exception(result.error);
    co_return std::move(*result.value);
}

asio::awaitable<void> slot::at_board(std::shared_ptr<presence> there, procedure& work,
                                     std::unique_ptr<board>& device) {
    device = co_await opened(there);
    co_await work.run(*device, there->what.usb_serial, there->gone);
}

asio::awaitable<void> slot::conclude(attempt& current, std::string code, std::string why) {
    const auto outcome = outcome_for(code);
    std::string trouble;
    try {
        co_await current.finish(outcome, code, why);
    } catch (const std::exception& error) {
        trouble = error.what();
    }
    if (!trouble.empty()) {
        // Never shown as a pass. Should the ledger not be writable again in this life, the next start finds
        // the attempt open and abandons it.
        log_.error("The outcome could not be recorded: " + trouble, {{"SLOT", settings_.name.text()},
                                                                     {"SERIAL", status_.serial.text()},
                                                                     {"ATTEMPT", current.id().text()}});
        current.show_unrecorded(trouble);
    }
    const std::string text =
        "attempt " + std::string(to_text(status_.state)) + (why.empty() ? "" : ": " + why);
    log_.write(status_.state == slot_state::passed ? log_level::info : log_level::warning, text,
               {{"SLOT", settings_.name.text()},
                {"SERIAL", status_.serial.text()},
                {"THING", status_.thing.text()},
                {"ATTEMPT", current.id().text()},
                {"CODE", status_.failure_code}});
}

}  // namespace fleetline::station
