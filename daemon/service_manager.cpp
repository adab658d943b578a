// SPDX-License-Identifier: Apache-2.0
#include "service_manager.hpp"

#include <systemd/sd-daemon.h>

#include <algorithm>

namespace fleetline::daemon {

void service_manager::ready(const std::string& status) {
    sd_notify(0, ("READY=1\nSTATUS=" + status).c_str());
}

void service_manager::status(const std::string& text) {
    sd_notify(0, ("STATUS=" + text).c_str());
}

void service_manager::stopping() {
    sd_notify(0, "STOPPING=1\nSTATUS=Stopping");
}

boost::asio::awaitable<void> service_manager::feed_watchdog() {
    std::uint64_t interval_us = 0;
    const bool wanted = sd_watchdog_enabled(0, &interval_us) > 0;
    const milliseconds pause =
        wanted ? std::max(milliseconds{static_cast<std::int64_t>(interval_us / 2000)}, milliseconds{1})
               : milliseconds{std::chrono::hours{24}};
    for (;;) {
        if (wanted) sd_notify(0, "WATCHDOG=1");
        co_await time_.wait_for(pause);
    }
}

}  // namespace fleetline::daemon
