// SPDX-License-Identifier: Apache-2.0
#include "service_manager.hpp"

#include <systemd/sd-daemon.h>

#include <algorithm>

namespace fleetline::daemon {

namespace {

constexpr milliseconds last_words{
    20'000};  ///< of a stop, when the attempts have ended: the ledger's last commit
constexpr milliseconds sign_of_life{60'000};  ///< how far one reaches
constexpr milliseconds between_signs{1'000};

std::string extend_by(milliseconds time) {
    return "EXTEND_TIMEOUT_USEC=" + std::to_string(std::chrono::microseconds(time).count());
}

}  // namespace

void service_manager::still_starting(const std::string& status) {
    const auto now = time_.now();
    if (signed_ && now - *signed_ < between_signs) return;
    signed_ = now;
    sd_notify(0, ("STATUS=" + status + "\n" + extend_by(sign_of_life)).c_str());
}

void service_manager::ready(const std::string& status) {
    status_ = status;
    sd_notify(0, ("READY=1\nSTATUS=" + status).c_str());
}

void service_manager::status(const std::string& text) {
    if (text == status_) return;
    status_ = text;
    sd_notify(0, ("STATUS=" + text).c_str());
}

void service_manager::stopping(milliseconds grace) {
    status_ = "Stopping";
    sd_notify(0, ("STOPPING=1\nSTATUS=Stopping\n" + extend_by(grace + last_words)).c_str());
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
