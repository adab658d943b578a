// SPDX-License-Identifier: Apache-2.0
#include "clock_watch.hpp"

namespace fleetline::daemon {

namespace {

constexpr milliseconds every{10'000};
constexpr milliseconds worth_telling{
    2'000};  // a clock that is slewed gains some milliseconds between two looks

}  // namespace

clock_watch::clock_watch(time_source& time) : time_(time), utc_(time.utc_now()), monotonic_(time.now()) {}

std::string clock_watch::look() {
    const auto is = time_.utc_now();
    const auto now = time_.now();
    const auto should_be = utc_ + (now - monotonic_);
    utc_ = is;
    monotonic_ = now;
    if (is - should_be < worth_telling && should_be - is < worth_telling) return {};
    return std::string("The clock was set ") + (is > should_be ? "forward" : "back") + " from " +
           to_rfc3339(should_be) + " to " + to_rfc3339(is);
}

boost::asio::awaitable<void> clock_watch::run(const logger& log) {
    for (;;) {
        co_await time_.wait_for(every);
        const std::string jump = look();
        if (!jump.empty()) log.warning(jump);
    }
}

}  // namespace fleetline::daemon
