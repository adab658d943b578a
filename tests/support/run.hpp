// SPDX-License-Identifier: Apache-2.0
// Drives an io_context until a coroutine ends, for tests: run(io, something()) answers its value or throws
// what it threw. Other work of the io_context goes on meanwhile and stays queued afterwards.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

namespace fleetline::test {

template <class T>
T run(boost::asio::io_context& io, boost::asio::awaitable<T> task) {
    bool done = false;
    std::exception_ptr error;
    std::optional<T> value;
    boost::asio::co_spawn(io, std::move(task), [&](std::exception_ptr why, T result) {
        error = why;
        if (!why) value.emplace(std::move(result));
        done = true;
    });
    io.restart();
    while (!done && io.run_one() != 0) {
    }
    if (!done) throw std::logic_error("nothing is left to run, and the task has not ended");
    if (error) std::rethrow_exception(error);
    return std::move(*value);
}

inline void run(boost::asio::io_context& io, boost::asio::awaitable<void> task) {
    bool done = false;
    std::exception_ptr error;
    boost::asio::co_spawn(io, std::move(task), [&](std::exception_ptr why) {
        error = why;
        done = true;
    });
    io.restart();
    while (!done && io.run_one() != 0) {
    }
    if (!done) throw std::logic_error("nothing is left to run, and the task has not ended");
    if (error) std::rethrow_exception(error);
}

}  // namespace fleetline::test
