// SPDX-License-Identifier: Apache-2.0
#include "station/attempt.hpp"

#include <utility>

#include "station/failure_catalogue.hpp"

namespace fleetline::station {

namespace asio = boost::asio;

namespace {

slot_state state_for(std::string_view outcome) {
    if (outcome == "passed") return slot_state::passed;
    if (outcome == "refused") return slot_state::refused;
    if (outcome == "abandoned") return slot_state::abandoned;
    return slot_state::failed;
}

}  // namespace

void slot_status::start_over(slot_state now, utc_time when) {
    slot_status fresh;
    fresh.slot = std::move(slot);
    fresh.product = std::move(product);
    fresh.port = std::move(port);
    fresh.plugged = plugged;
    fresh.state = now;
    fresh.since = when;
    *this = std::move(fresh);
}

attempt::attempt(attempt_id id, std::string operator_name, ledger::ledger& book, time_source& time,
                 const station_settings& settings, slot_status& status, std::function<void()> changed)
    : id_(std::move(id)),
      operator_name_(std::move(operator_name)),
      book_(book),
      time_(time),
      settings_(settings),
      status_(status),
      changed_(std::move(changed)),
      started_(time.now()),
      entered_(started_),
      reached_(started_) {
    status_.start_over(slot_state::working, time.utc_now());
    status_.attempt = id_;
    changed_();
}

attempt::~attempt() {
    if (finished_) return;
    // Nobody can wait here. The ledger writes it before it closes; should even that fail, the next start
    // finds the attempt open and abandons it.
    book_.append_later(closing("failed", "station-internal", "the attempt was left without an outcome"));
    status_.state = slot_state::failed;
    changed_();
}

void attempt::put_down_time() {
    const auto now = time_.now();
    step_ms_[std::string(to_text(status_.at))] += (now - entered_).count();
    entered_ = now;
}

void attempt::leave_step() {
    if (settings_.step_took) settings_.step_took(status_.at, entered_ - reached_);
    reached_ = entered_;
}

void attempt::enter(step next) {
    put_down_time();
    if (next != status_.at) leave_step();
    status_.at = next;
    show(slot_state::working);
}

void attempt::show(slot_state state) {
    if (status_.state != state) status_.since = time_.utc_now();
    status_.state = state;
    changed_();
}

asio::awaitable<void> attempt::checkpoint(std::string_view when, std::string_view kind) {
    if (!settings_.at_checkpoint) co_return;
    if (when == "after") co_await book_.flush();
    settings_.at_checkpoint(std::string(when) + " " + std::string(kind));
}

asio::awaitable<void> attempt::record(ledger::event what) {
    const auto kind = ledger::kind_of(what);
    co_await checkpoint("before", kind);
    co_await book_.append(std::move(what));
    co_await checkpoint("after", kind);
}

asio::awaitable<serial_number> attempt::assign_serial(order_name order) {
    ledger::serial_assigned what{id_, std::move(order)};
    const auto kind = ledger::kind_of(what);
    co_await checkpoint("before", kind);
    auto done = co_await book_.append(std::move(what));
    co_await checkpoint("after", kind);
    co_return std::move(done.serial);
}

asio::awaitable<void> attempt::note(ledger::event what) {
    const auto kind = ledger::kind_of(what);
    co_await checkpoint("before", kind);
    book_.append_later(std::move(what));
    co_await checkpoint("after", kind);
}

ledger::attempt_finished attempt::closing(std::string_view outcome, std::string_view code, std::string why) {
    put_down_time();
    leave_step();
    ledger::attempt_finished event;
    event.attempt = id_;
    event.outcome = outcome;
    event.failure_code = code;
    if (!code.empty()) event.failure_step = to_text(status_.at);
    event.failure_text = std::move(why);
    event.duration_ms = (entered_ - started_).count();
    event.step_ms = step_ms_;
    event.request_ms = request_ms_;
    return event;
}

asio::awaitable<void> attempt::finish(std::string_view outcome, std::string_view code, std::string why) {
    finished_ = true;
    auto event = closing(outcome, code, why);
    const milliseconds duration{event.duration_ms};
    auto otherwise = event;
    try {
        co_await record(std::move(event));
    } catch (const std::exception& error) {
        // It is going to be shown as failed, and is recorded as that when the ledger can be written again.
        otherwise.outcome = "failed";
        otherwise.failure_code = "station-ledger-unwritable";
        otherwise.failure_step = to_text(status_.at);
        otherwise.failure_text = error.what();
        book_.append_later(std::move(otherwise));
        throw;
    }

    status_.duration = duration;
    show_outcome(state_for(outcome), code, std::move(why));
}

void attempt::show_unrecorded(std::string why) {
    show_outcome(slot_state::failed, "station-ledger-unwritable", std::move(why));
}

void attempt::show_outcome(slot_state state, std::string_view code, std::string why) {
    status_.failure_code = code;
    status_.failure_reason = std::move(why);
    if (!code.empty()) {
        const auto& entry = failure_for(code);
        status_.failure_text = entry.text;
        status_.next_action = entry.next_action;
    }
    show(state);
}

}  // namespace fleetline::station
