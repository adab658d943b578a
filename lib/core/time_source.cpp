// SPDX-License-Identifier: Apache-2.0
#include "core/time_source.hpp"

#include <sys/timex.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace fleetline {

utc_time system_time_source::utc_now() const {
    return std::chrono::floor<milliseconds>(std::chrono::system_clock::now());
}

monotonic_time system_time_source::now() const {
    return std::chrono::floor<milliseconds>(std::chrono::steady_clock::now());
}

bool system_time_source::synchronised() const {
    const auto moment = now();
    if (looked_at_ == monotonic_time{} || moment - looked_at_ > std::chrono::seconds{1}) {
        timex state{};
        const int clock_state = adjtimex(&state);
        synchronised_ = clock_state >= 0 && clock_state != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
        looked_at_ = moment;
    }
    return synchronised_;
}

boost::asio::awaitable<void> system_time_source::wait_until(monotonic_time when) {
    boost::asio::steady_timer timer{co_await boost::asio::this_coro::executor, when};
    co_await timer.async_wait(boost::asio::use_awaitable);
}

}  // namespace fleetline
