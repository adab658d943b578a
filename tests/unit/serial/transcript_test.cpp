// SPDX-License-Identifier: Apache-2.0
#include "serial/transcript.hpp"

#include <catch2/catch.hpp>

using fleetline::milliseconds;
using fleetline::serial::transcript;
using direction = fleetline::serial::transcript::direction;

TEST_CASE("a transcript shows both directions with times, a line each, control characters escaped") {
    transcript log(4096);
    log.record(direction::to_board, "\x03uptime\n", milliseconds{5});
    log.record(direction::from_board, "upt", milliseconds{7});
    log.record(direction::from_board, "ime\r\nup 0", milliseconds{9});
    CHECK(log.text() ==
          "    0.005 > \\x03uptime\n"
          "    0.007 < uptime\n"
          "    0.009 < up 0\n");
}

TEST_CASE("a transcript is bounded and keeps the beginning and the end") {
    transcript log(8192);
    log.record(direction::to_board, "the beginning\n", milliseconds{0});
    for (int i = 0; i < 10'000; ++i)
        log.record(direction::from_board, "line " + std::to_string(i) + "\r\n", milliseconds{i});
    log.record(direction::from_board, "the end\r\n", milliseconds{10'001});
    const auto text = log.text();
    CHECK(text.size() < 16UL * 1024);
    CHECK(text.find("the beginning") != std::string::npos);
    CHECK(text.find("the end") != std::string::npos);
    CHECK(text.find("bytes left out") != std::string::npos);
}

TEST_CASE("a transcript of a line without end is bounded too") {
    transcript log(8192);
    for (int i = 0; i < 1000; ++i) log.record(direction::from_board, std::string(1000, 'x'), milliseconds{i});
    CHECK(log.text().size() < 16UL * 1024);
}

TEST_CASE("a transcript says of concealed bytes only how many there were") {
    transcript log(4096);
    log.record_concealed(direction::to_board, 7, milliseconds{1});
    log.record_concealed(direction::to_board, 3, milliseconds{1});
    log.record(direction::from_board, "ok\r\n", milliseconds{2});
    CHECK(log.text() == "    0.001 > [10 bytes concealed]\n    0.002 < ok\n");
}
