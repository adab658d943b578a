// SPDX-License-Identifier: Apache-2.0
// A board may be done again: checked against the configuration and the ledger, then recorded. Owned by the
// composition; io_context thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <string>

#include "config/settings.hpp"
#include "core/names.hpp"
#include "ledger/ledger.hpp"

namespace fleetline::daemon {

class reworks {
  public:
    reworks(const config::settings& settings, ledger::ledger& book) : settings_(settings), book_(book) {}

    /// Of a board that has passed, or that has failed as often as its product allows. Throws
    /// station-request-not-found when no such board was ever worked on, station-request-invalid when it needs
    /// none.
    boost::asio::awaitable<void> authorise(serial_number serial, std::string reason, std::string by);

  private:
    std::int64_t failures_allowed_at(const slot_name& slot) const;

    const config::settings& settings_;
    ledger::ledger& book_;
};

}  // namespace fleetline::daemon
