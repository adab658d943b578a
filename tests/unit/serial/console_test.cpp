// SPDX-License-Identifier: Apache-2.0
#include "serial/console.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>

#include "unit/serial/pty.hpp"

using namespace fleetline;
using fleetline::serial::console;
using fleetline::serial::port;
using fleetline::test::pty;

namespace {

struct bench {
    boost::asio::io_context context;
    system_time_source time;
    pty line{context.get_executor()};
    console talk{port(context.get_executor(), line.path(), {}), time};

    monotonic_time in(int ms) { return time.now() + milliseconds{ms}; }
};

boost::asio::awaitable<void> flood(pty& line, std::size_t count) {
    const std::string block(1024, 'x');
    for (std::size_t sent = 0; sent < count; sent += block.size()) co_await line.write(block);
}

}  // namespace

TEST_CASE("a console receives what comes before the deadline") {
    bench b;
    test::run(b.context, b.line.write("hello"));
    CHECK(test::run(b.context, b.talk.receive(b.in(5000))) == "hello");
}

TEST_CASE("a console that hears nothing answers nothing at the deadline, and works on") {
    bench b;
    CHECK(test::run(b.context, b.talk.receive(b.in(5))).empty());
    CHECK(test::run(b.context, b.talk.receive(b.in(-5))).empty());
    test::run(b.context, b.line.write("late"));
    CHECK(test::run(b.context, b.talk.receive(b.in(5000))) == "late");
}

TEST_CASE("a console expects something over several pieces, or says that it did not come") {
    bench b;
    std::string seen;
    const auto enough = [&seen](std::string_view bytes) {
        seen += bytes;
        return seen.find("> ") != std::string::npos;
    };
    test::run(b.context, b.line.write("up 0\r\n>"));
    CHECK_FALSE(test::run(b.context, b.talk.expect(enough, b.in(20))));
    test::run(b.context, b.line.write(" "));
    CHECK(test::run(b.context, b.talk.expect(enough, b.in(5000))));
}

TEST_CASE("a line of one MiB without an end is device-flooded and takes no memory") {
    bench b;
    boost::asio::co_spawn(b.context, flood(b.line, 1024UL * 1024), boost::asio::detached);
    std::size_t got = 0;
    const auto never = [&got](std::string_view bytes) {
        got += bytes.size();
        return false;
    };
    CHECK(test::code_of(b.context, b.talk.expect(never, b.in(10'000))) == "device-flooded");
    CHECK(got <= 16UL * 1024);
    CHECK(b.talk.transcript_text().size() < 64UL * 1024);
}

TEST_CASE("a console keeps confidential bytes out of its transcript, both ways") {
    bench b;
    test::run(b.context, b.talk.send("open\n"));
    {
        const console::concealment quiet(b.talk);
        test::run(b.context, b.talk.send("conf set wifi_credential hunter2\n"));
        test::run(b.context, b.line.write("wifi_credential=\"hunter2\"\r\n"));
        test::run(b.context, b.talk.receive(b.in(5000)));
    }
    test::run(b.context, b.line.write("> "));
    test::run(b.context, b.talk.receive(b.in(5000)));
    const auto text = b.talk.transcript_text();
    CHECK(text.find("hunter2") == std::string::npos);
    CHECK(text.find("open") != std::string::npos);
    CHECK(text.find("bytes concealed") != std::string::npos);
}

TEST_CASE("a port that takes nothing is port-failed, not waited for without end") {
    boost::asio::io_context context;
    system_time_source time;
    pty line(context.get_executor());
    serial::console_limits limits;
    limits.write = milliseconds{50};
    serial::port_settings fast;
    fast.baud = 4'000'000;
    console talk(port(context.get_executor(), line.path(), fast), time, limits);
    CHECK(test::code_of(context, talk.send(std::string(64UL * 1024, 'x'))) == "port-failed");
}

TEST_CASE("the time on the wire follows from the baud rate") {
    bench b;
    CHECK(b.talk.wire_time(0) == milliseconds{1});
    CHECK(b.talk.wire_time(11'520) == milliseconds{1001});
}
