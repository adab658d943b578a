// SPDX-License-Identifier: Apache-2.0
#include "core/signal.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace fleetline {

namespace asio = boost::asio;

/// A timer that never expires: cancelling it wakes everybody who waits on it.
struct signal::waiters {
    asio::steady_timer timer;
};

signal::signal(const asio::any_io_executor& executor)
    : waiters_(new waiters{asio::steady_timer{executor, asio::steady_timer::time_point::max()}}) {}

signal::~signal() = default;

void signal::set() {
    set_ = true;
    waiters_->timer.cancel();
}

asio::awaitable<void> signal::wait() {
    while (!set_) {
        boost::system::error_code ignored;
        co_await waiters_->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        // Woken by set(), or cancelled: the coroutine's own state tells which.
        const auto cancelled = (co_await asio::this_coro::cancellation_state).cancelled();
        if (cancelled != asio::cancellation_type::none)
            throw boost::system::system_error(asio::error::operation_aborted);
        // set() and reset() in one turn: whoever waited at that moment is told all the same.
        co_return;
    }
}

}  // namespace fleetline
