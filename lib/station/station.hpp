// SPDX-License-Identifier: Apache-2.0
// All slots of one station, from start to stop. Made by the composition with everything it needs; used on the
// io_context thread. It never sees a serial port or MQTT: boards come as `plug`s, the cloud as the `issuer`.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <vector>

#include "core/logger.hpp"
#include "station/slot.hpp"
#include "station/status.hpp"

namespace fleetline::station {

class station final : public issuer_observer {
  public:
    station(station_settings settings, ledger::ledger& book, issuer& cloud, time_source& time,
            const logger& log, boost::asio::any_io_executor executor);
    ~station() override;

    /// Unknown slot names are ignored with a log line.
    void plugged(const slot_name& where, plug what);
    void unplugged(const slot_name& where);

    /// A label was read. With no slot named it goes to the one that waits: to the one whose board says the
    /// same number, else to the only one. Answers the slot that took it; empty: it is kept for the next
    /// board, for two minutes. Throws failure(station-slot-unknown), failure(order-scan-ambiguous) when
    /// several wait, or failure(order-scan-unexpected) when none does.
    slot_name scan(const serial_number& label, const slot_name& where);

    /// Who works here from now on, as recorded with each attempt, also after a restart; empty: whom the
    /// configuration names. Resumes when it is kept.
    boost::asio::awaitable<void> sign_on(std::string name);

    /// Throws failure(station-slot-unknown), or failure(station-slot-busy) when there is no board or one is
    /// under way.
    void retry(const slot_name& where);

    /// Abandons what a crash left open, then runs the slots until stop(): attempts under way reach a safe
    /// point, or are cut off after the grace. Ignores cancellation; throws what keeps the station from
    /// starting (station-ledger-…).
    boost::asio::awaitable<void> run();
    void stop();

    /// Work orders were opened or closed, have one more passed board or gave a serial number away: status()
    /// tells them as they are now.
    boost::asio::awaitable<void> refresh_orders();

    station_status status() const;

    /// Called after every change of what status() tells, many times a second.
    void on_change(std::function<void()> callback) { changed_ = std::move(callback); }

    void certificate_unaccounted(std::string certificate_pem, std::string id, attempt_id attempt,
                                 std::string why) override;
    void registration_unaccounted(std::string thing, attempt_id attempt, std::string why) override;
    void status_changed(const issuer_status& status) override;

  private:
    boost::asio::awaitable<void> begin();
    boost::asio::awaitable<void> run_slots();
    slot* find(const slot_name& name);
    slot* waiting_for(const serial_number& label) const;
    slot_name keep(const serial_number& label, const slot_name& where);
    void hand_over_kept(slot& to);
    boost::asio::awaitable<void> count(const slot_status& ended);

    station_settings settings_;
    ledger::ledger& book_;
    issuer& cloud_;
    time_source& time_;
    const logger& log_;
    boost::asio::any_io_executor executor_;
    std::function<void()> changed_ = [] {};
    admission gate_;
    signal stopping_;
    seating seats_;
    duty staff_;
    workshop shop_;
    std::vector<std::unique_ptr<slot>> slots_;
    struct kept_label {
        serial_number label;
        monotonic_time at;
    };
    std::map<slot_name, kept_label> kept_;  ///< read before their boards came; no name: for any slot
    utc_time started_at_;
    std::vector<order_status> orders_;
    std::map<std::string, std::int64_t> outcomes_;
    std::map<std::string, std::int64_t> failure_codes_;
};

}  // namespace fleetline::station
