// SPDX-License-Identifier: Apache-2.0
#include "serial/port.hpp"

#include <sys/stat.h>

#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>
#include <fstream>

#include "unit/serial/pty.hpp"

using namespace fleetline;
using fleetline::serial::port;
using fleetline::serial::port_settings;
using fleetline::test::pty;

namespace {

std::string code_of_opening(const std::string& path, port_settings settings = {}) {
    boost::asio::io_context context;
    try {
        const port opened(context.get_executor(), path, settings);
    } catch (const failure& error) {
        return error.code();
    }
    return "";
}

boost::asio::awaitable<std::string> read(port& from) {
    char room[256];
    const std::size_t count = co_await from.read_some(room);
    co_return std::string(room, count);
}

}  // namespace

TEST_CASE("a port carries every byte value unchanged in both directions") {
    boost::asio::io_context context;
    pty line(context.get_executor());
    port opened(context.get_executor(), line.path(), {});
    std::string all;
    for (int c = 0; c < 256; ++c) all += static_cast<char>(c);

    test::run(context, line.write(all));
    std::string got;
    while (got.size() < all.size()) got += test::run(context, read(opened));
    CHECK(got == all);

    test::run(context, opened.write(all));
    got.clear();
    while (got.size() < all.size()) got += test::run(context, line.read());
    CHECK(got == all);
}

TEST_CASE("what a board said before its port was opened is still read") {
    boost::asio::io_context context;
    pty line(context.get_executor());
    test::run(context, line.write("booted\r\n"));
    port opened(context.get_executor(), line.path(), {});
    CHECK(test::run(context, read(opened)) == "booted\r\n");
}

TEST_CASE("a port that is in use is port-busy, and free again once closed") {
    boost::asio::io_context context;
    pty line(context.get_executor());
    port opened(context.get_executor(), line.path(), {});
    CHECK(code_of_opening(line.path()) == "port-busy");
    opened.close();
    CHECK(code_of_opening(line.path()).empty());
}

TEST_CASE("a port that is not there is port-gone") {
    CHECK(code_of_opening("/dev/ttyUSB-none") == "port-gone");
}

TEST_CASE("a file that is no serial port is port-failed") {
    CHECK(code_of_opening("/dev/null") == "port-failed");
}

TEST_CASE("a baud rate that no system knows is a mistake of the configuration") {
    boost::asio::io_context context;
    pty line(context.get_executor());
    port_settings settings;
    settings.baud = 12345;
    CHECK(code_of_opening(line.path(), settings) == "station-configuration");
    CHECK(code_of_opening(line.path()).empty());
}

TEST_CASE("a board that is unplugged ends a waiting read with port-gone") {
    boost::asio::io_context context;
    pty line(context.get_executor());
    port opened(context.get_executor(), line.path(), {});
    boost::asio::post(context, [&line] { line.unplug(); });
    CHECK(test::code_of(context, read(opened)) == "port-gone");
}

TEST_CASE("writing to a board that is gone is port-gone") {
    boost::asio::io_context context;
    pty line(context.get_executor());
    port opened(context.get_executor(), line.path(), {});
    line.unplug();
    CHECK(test::code_of(context, opened.write("hello")) == "port-gone");
}

TEST_CASE("closing a port ends a waiting read as cancelled") {
    boost::asio::io_context context;
    pty line(context.get_executor());
    port opened(context.get_executor(), line.path(), {});
    boost::asio::post(context, [&opened] { opened.close(); });
    try {
        test::run(context, read(opened));
        FAIL("the read ended well");
    } catch (const boost::system::system_error& error) {
        CHECK(error.code() == boost::asio::error::operation_aborted);
    }
}

TEST_CASE("a port is raw, without hang-up at close, at the baud rate asked for") {
    boost::asio::io_context context;
    pty line(context.get_executor());
    port_settings settings;
    settings.baud = 921600;
    const port opened(context.get_executor(), line.path(), settings);
    termios now{};
    REQUIRE(tcgetattr(line.master().native_handle(), &now) == 0);
    CHECK((now.c_lflag & (ICANON | ECHO | ISIG)) == 0U);
    CHECK((now.c_iflag & (ICRNL | IXON)) == 0U);
    CHECK((now.c_oflag & OPOST) == 0U);
    CHECK((now.c_cflag & HUPCL) == 0U);
    CHECK((now.c_cflag & CRTSCTS) == 0U);
    CHECK((now.c_cflag & CSIZE) == CS8);
    CHECK(cfgetospeed(&now) == B921600);
}
