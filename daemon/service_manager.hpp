// SPDX-License-Identifier: Apache-2.0
// systemd's side of the daemon: READY, STATUS, STOPPING, and the watchdog fed from the event loop, so that a
// loop that is stuck is noticed. Does nothing when no service manager started us. io_context thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>

#include "core/time_source.hpp"

namespace fleetline::daemon {

class service_manager {
  public:
    explicit service_manager(time_source& time) : time_(time) {}

    /// Starting takes longer than usual; called as often as there is progress.
    void still_starting(const std::string& status);
    void ready(const std::string& status);
    /// Told when it is another one than before.
    void status(const std::string& text);
    /// The stop may take as long as `grace` and a little more.
    void stopping(milliseconds grace);

    /// Feeds the watchdog at half its interval until cancelled.
    boost::asio::awaitable<void> feed_watchdog();

  private:
    time_source& time_;
    std::string status_;
    std::optional<monotonic_time> signed_;
};

}  // namespace fleetline::daemon
