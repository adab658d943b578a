// SPDX-License-Identifier: Apache-2.0
#include "clock_watch.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <chrono>
#include <exception>
#include <stdexcept>

using namespace fleetline;
using namespace std::chrono_literals;
using daemon::clock_watch;

namespace {

/// Two clocks that a test moves; a wait is over at once, and moves both.
class two_clocks final : public time_source {
  public:
    utc_time utc_now() const override { return utc; }
    monotonic_time now() const override { return monotonic; }
    bool synchronised() const override { return true; }
    boost::asio::awaitable<void> wait_until(monotonic_time when) override {
        if (++waits > 3) throw std::runtime_error("enough");
        pass(when - monotonic);
        co_return;
    }
    void pass(milliseconds time) {
        utc += time;
        monotonic += time;
    }

    utc_time utc = *parse_rfc3339("2026-11-24T08:00:00Z");
    monotonic_time monotonic{milliseconds{5'000'000}};
    int waits = 0;
};

}  // namespace

TEST_CASE("a clock that is set is told once, with both times", "[daemon][clock]") {
    two_clocks time;
    clock_watch watch(time);
    CHECK(watch.look().empty());
    time.pass(10s);
    CHECK(watch.look().empty());
    time.pass(10s);
    time.utc += 1h;
    CHECK(watch.look() ==
          "The clock was set forward from 2026-11-24T08:00:20.000Z to 2026-11-24T09:00:20.000Z");
    CHECK(watch.look().empty());
    time.pass(10s);
    CHECK(watch.look().empty());
    time.utc -= std::chrono::years{2};
    CHECK(watch.look().find("The clock was set back from 2026-11-24T09:00:30.000Z to 2024-") == 0);
    time.pass(10s);
    CHECK(watch.look().empty());
}

TEST_CASE("a clock that is slewed, or that is late once, is not told of", "[daemon][clock]") {
    two_clocks time;
    clock_watch watch(time);
    for (int i = 0; i < 1000; ++i) {
        time.pass(10s);
        time.utc += 5ms;
        CHECK(watch.look().empty());
    }
    time.pass(1h);  // the loop was busy
    CHECK(watch.look().empty());
}

TEST_CASE("the clock is looked at now and then", "[daemon][clock]") {
    two_clocks time;
    clock_watch watch(time);
    const logger log{logger::target::nowhere};
    boost::asio::io_context io;
    time.utc += 1h;
    boost::asio::co_spawn(io, watch.run(log), [](const std::exception_ptr& why) {
        if (why) std::rethrow_exception(why);
    });
    CHECK_THROWS_WITH(io.run(), "enough");
    CHECK(time.monotonic == monotonic_time{milliseconds{5'030'000}});
    CHECK(watch.look().empty());  // that was noticed
}
