// SPDX-License-Identifier: Apache-2.0
// One try at one board, from plug to outcome. Left without a recorded outcome, its destructor records it as
// failed. Owned by the slot's coroutine; used on the io_context thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "core/signal.hpp"
#include "core/time_source.hpp"
#include "ledger/ledger.hpp"
#include "station/settings.hpp"
#include "station/status.hpp"

namespace fleetline::station {

class attempt {
  public:
    /// `status` is the slot's, kept up to date here; `changed` is called after each change. All outlive the
    /// attempt.
    attempt(attempt_id id, std::string operator_name, ledger::ledger& book, time_source& time, const station_settings& settings,
            slot_status& status, std::function<void()> changed);
    ~attempt();
    attempt(const attempt&) = delete;
    attempt& operator=(const attempt&) = delete;

    const attempt_id& id() const { return id_; }

    /// Who was signed on when it began: all of it is recorded as theirs, whoever signs on meanwhile.
    const std::string& operator_name() const { return operator_name_; }

    slot_status& status() const { return status_; }
    step at() const { return status_.at; }

    /// The procedure reached this step; the time since the last one is put down to that.
    void enter(step next);

    /// `waiting_for_cloud` and back to `working`.
    void show(slot_state state);
    void show_changed() { changed_(); }

    /// Resumes when the event, and whatever was noted before it, is durable.
    boost::asio::awaitable<void> record(ledger::event what);

    /// As record, for an event that a record() will follow before anything is done that it must precede.
    boost::asio::awaitable<void> note(ledger::event what);

    /// The order's next serial number; durable, and nobody else's.
    boost::asio::awaitable<serial_number> assign_serial(order_name order);

    /// It ends by a request to the cloud that failed: when what happened to that.
    void request_failed(request_times times) { request_ms_ = std::move(times); }

    /// Records the outcome durably, then shows it. An empty code: passed.
    boost::asio::awaitable<void> finish(std::string_view outcome, std::string_view code, std::string why);

    /// The outcome could not be recorded: shows a failure of the ledger, whatever it was (invariant I3).
    void show_unrecorded(std::string why);

  private:
    void put_down_time();
    void leave_step();  ///< after put_down_time(): at the same moment
    void show_outcome(slot_state state, std::string_view code, std::string why);
    ledger::attempt_finished closing(std::string_view outcome, std::string_view code, std::string why);
    boost::asio::awaitable<void> checkpoint(std::string_view when, std::string_view kind);

    attempt_id id_;
    std::string operator_name_;
    ledger::ledger& book_;
    time_source& time_;
    const station_settings& settings_;
    slot_status& status_;
    std::function<void()> changed_;
    monotonic_time started_;
    monotonic_time entered_;
    monotonic_time reached_;  ///< the step as a whole; it is entered more than once now and then
    std::map<std::string, std::int64_t> step_ms_;
    request_times request_ms_;
    bool finished_ = false;
};

}  // namespace fleetline::station
