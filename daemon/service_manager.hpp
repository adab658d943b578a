// SPDX-License-Identifier: Apache-2.0
// systemd's side of the daemon: READY, STATUS, STOPPING, and the watchdog fed from the event loop, so that a
// loop that is stuck is noticed. Does nothing when no service manager started us. io_context thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "core/time_source.hpp"

namespace fleetline::daemon {

class service_manager {
  public:
    explicit service_manager(time_source& time) : time_(time) {}

    void ready(const std::string& status);
    void status(const std::string& text);
    void stopping();

    /// Feeds the watchdog at half its interval until cancelled.
    boost::asio::awaitable<void> feed_watchdog();

  private:
    time_source& time_;
};

}  // namespace fleetline::daemon
