// SPDX-License-Identifier: Apache-2.0
// A deadline for one step. For .cpp files only: it pulls in a good part of Asio.
#pragma once

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <exception>
#include <optional>
#include <utility>
#include <variant>

#include "core/time_source.hpp"

namespace fleetline {

/// What came of a step that ran under a deadline.
template <class T>
struct settled {
    std::optional<T> value;
    std::exception_ptr error;
};

template <class T>
boost::asio::awaitable<settled<T>> settle(boost::asio::awaitable<T> step) {
    settled<T> result;
    try {
        result.value.emplace(co_await std::move(step));
    } catch (...) {
        result.error = std::current_exception();
    }
    co_return result;
}

inline boost::asio::awaitable<settled<std::monostate>> settle(boost::asio::awaitable<void> step) {
    settled<std::monostate> result;
    try {
        co_await std::move(step);
        result.value.emplace();
    } catch (...) {
        result.error = std::current_exception();
    }
    co_return result;
}

/// Runs `step` for at most `limit`; then cancels it, waits for it to end, and answers nullopt. What the step
/// throws comes through. (`step || timer` alone would wait for the timer when the step throws.)
template <class T>
boost::asio::awaitable<std::optional<T>> within(time_source& time, milliseconds limit,
                                                boost::asio::awaitable<T> step) {
    using namespace boost::asio::experimental::awaitable_operators;
    auto first = co_await (settle(std::move(step)) || time.wait_for(limit));
    if (first.index() == 1) co_return std::nullopt;
    auto& result = std::get<0>(first);
    if (result.error) std::rethrow_exception(result.error);
    co_return std::move(result.value);
}

/// As above for a step without a value; answers false when it was too late.
inline boost::asio::awaitable<bool> within(time_source& time, milliseconds limit,
                                           boost::asio::awaitable<void> step) {
    using namespace boost::asio::experimental::awaitable_operators;
    auto first = co_await (settle(std::move(step)) || time.wait_for(limit));
    if (first.index() == 1) co_return false;
    if (std::get<0>(first).error) std::rethrow_exception(std::get<0>(first).error);
    co_return true;
}

}  // namespace fleetline
