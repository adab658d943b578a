// SPDX-License-Identifier: Apache-2.0
// Notices when the wall clock is set while the station runs: recorded times jump there, and whoever reads
// them later should find out why. io_context thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "core/logger.hpp"
#include "core/time_source.hpp"

namespace fleetline::daemon {

class clock_watch {
  public:
    explicit clock_watch(time_source& time);

    /// What is to be said of the clock since it was last looked at: from when to when it was set. Usually
    /// nothing.
    std::string look();

    /// Looks now and then, until cancelled.
    boost::asio::awaitable<void> run(const logger& log);

  private:
    time_source& time_;
    utc_time utc_;
    monotonic_time monotonic_;
};

}  // namespace fleetline::daemon
