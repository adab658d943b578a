// SPDX-License-Identifier: Apache-2.0
// Something a coroutine can wait for and others ring. For .cpp files only (pulls in Asio's timer). One
// io_context thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace fleetline::cloud {

class bell {
  public:
    explicit bell(const boost::asio::any_io_executor& executor)
        : timer_(executor, boost::asio::steady_timer::time_point::max()) {}

    /// Wakes everybody who waits; it does not stay rung: waiters look at what they wait for, in a loop.
    void ring() { timer_.cancel(); }

    /// Resumes at the next ring; cancelled, throws operation_aborted.
    boost::asio::awaitable<void> wait() {
        co_await timer_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
        const auto state = co_await boost::asio::this_coro::cancellation_state;
        if (state.cancelled() != boost::asio::cancellation_type::none) {
            throw boost::system::system_error(boost::asio::error::operation_aborted);
        }
    }

  private:
    boost::asio::steady_timer timer_;
};

}  // namespace fleetline::cloud
