// SPDX-License-Identifier: Apache-2.0
#include "core/within.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <stdexcept>

using namespace fleetline;
namespace asio = boost::asio;

namespace {

asio::awaitable<int> seven() {
    co_return 7;
}
asio::awaitable<int> broken() {
    throw std::runtime_error("broken");
    co_return 0;
}
asio::awaitable<int> endless(time_source& time, bool& cancelled) {
    try {
        co_await time.wait_for(std::chrono::hours{1});
    } catch (...) {
        cancelled = true;
        throw;
    }
    co_return 0;
}

template <class T>
T run(asio::awaitable<T> task) {
    asio::io_context io{1};
    std::optional<T> result;
    std::exception_ptr error;
    asio::co_spawn(io, std::move(task), [&result, &error](std::exception_ptr why, T value) {
        error = why;
        if (!why) result.emplace(std::move(value));
    });
    io.run();
    if (error) std::rethrow_exception(error);
    return std::move(*result);
}

}  // namespace

TEST_CASE("a step that ends in time gives its value", "[core]") {
    system_time_source time;
    CHECK(run(within(time, std::chrono::hours{1}, seven())) == 7);
}

TEST_CASE("a step that throws is not taken for one that is late", "[core]") {
    system_time_source time;
    CHECK_THROWS_WITH(run(within(time, std::chrono::hours{1}, broken())), "broken");
}

TEST_CASE("a step that is late is cancelled, and has ended when its caller goes on", "[core]") {
    system_time_source time;
    bool cancelled = false;
    CHECK_FALSE(run(within(time, milliseconds{1}, endless(time, cancelled))).has_value());
    CHECK(cancelled);
}
