// SPDX-License-Identifier: Apache-2.0
// A call of the system that blocks, on a thread of its own that nobody has to wait for: it may take minutes,
// it cannot be called off, and a thread pool would hold the stop of the process as long. For .cpp files only
// (pulls in Asio). io_context thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>

#include "core/signal.hpp"

namespace fleetline {

namespace aside_parts {

/// Whoever waits; lives in its coroutine.
template <class T>
struct waiting {
    explicit waiting(const boost::asio::any_io_executor& in) : executor(in), done(in) {}
    boost::asio::any_io_executor executor;
    signal done;
    std::optional<T> result;
};

/// Between the two threads; outlives both ends.
template <class T>
struct desk {
    std::mutex lock;
    waiting<T>* who = nullptr;  ///< null: gone
};

/// What nobody takes may block as well when it is destroyed.
template <class T>
void destroy_elsewhere(T result) {
    try {
        std::thread([dropped = std::move(result)] { (void)dropped; }).detach();
    } catch (const std::system_error&) {  // no thread to be had: here, then
    }
}

template <class T>
void hand_over(const std::shared_ptr<desk<T>>& over, T result) {
    // The lock keeps whoever waits, and with it the io_context, until this has been posted.
    const std::lock_guard guard(over->lock);
    if (over->who == nullptr) return;
    boost::asio::post(over->who->executor, [over, result = std::move(result)]() mutable {
        if (over->who == nullptr) return destroy_elsewhere(std::move(result));
        over->who->result.emplace(std::move(result));
        over->who->done.set();
    });
}

}  // namespace aside_parts

/// Answers what `call` answers, which must not throw. Cancelled, the call goes on by itself, and what it
/// answers is destroyed on some other thread. Throws std::system_error if there is no thread to be had.
template <class Call>
boost::asio::awaitable<std::invoke_result_t<Call&>> aside(Call call) {
    using T = std::invoke_result_t<Call&>;
    const auto executor = co_await boost::asio::this_coro::executor;
    aside_parts::waiting<T> here(executor);
    const auto over = std::make_shared<aside_parts::desk<T>>();
    over->who = &here;
    struct going {
        aside_parts::desk<T>& from;
        ~going() {
            const std::lock_guard guard(from.lock);
            from.who = nullptr;
        }
    } guard{*over};
    std::thread([over, call = std::move(call)]() mutable {
        aside_parts::hand_over<T>(over, call());
    }).detach();
    while (!here.result) co_await here.done.wait();
    co_return std::move(*here.result);
}

}  // namespace fleetline
