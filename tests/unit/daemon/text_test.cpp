// SPDX-License-Identifier: Apache-2.0
#include "cli/text.hpp"

#include <catch2/catch.hpp>

#include "cli/options.hpp"
#include "cli/story.hpp"
#include "cli/suggest.hpp"

using namespace fleetline;
using namespace fleetline::cli;

TEST_CASE("a name's width is what the terminal makes of it", "[daemon]") {
    CHECK(display_width("SN0001") == 6);
    CHECK(display_width("Öz") == 2);
    CHECK(display_width("传感器") == 6);
    CHECK(display_width("한글") == 4);
    CHECK(display_width("ｱ") == 1);
    CHECK(display_width("e\u0301") == 1);
    CHECK(display_width("") == 0);
    CHECK(display_width("\xff\xfe") == 2);
}

TEST_CASE("a board cannot send orders to the terminal", "[daemon]") {
    CHECK(safe_text("\x1b[2J") == "\\x1b[2J");
    CHECK(safe_text("a\r\nb") == "a\\x0d\\x0ab");
    CHECK(safe_text("\u009b2J") == "\\u009b2J");
    CHECK(safe_text("abc\u202edef") == "abc\\u202edef");
    CHECK(safe_text("传感器 Öz") == "传感器 Öz");
}

TEST_CASE("durations are short and exact enough", "[daemon]") {
    CHECK(duration_text(0) == "0 ms");
    CHECK(duration_text(999) == "999 ms");
    CHECK(duration_text(12'340) == "12.3 s");
    CHECK(duration_text(125'000) == "2 min 05 s");
    CHECK(duration_text(3'720'000) == "1 h 02 min");
    CHECK(share_text(1, 3) == "33.3 %");
    CHECK(share_text(0, 0) == "-");
}

TEST_CASE("a time is a date, an instant, a word or how long ago", "[daemon]") {
    const auto now = *parse_rfc3339("2026-11-24T09:30:00Z");
    CHECK(*parse_when("2026-11-01", now) == *parse_rfc3339("2026-11-01T00:00:00Z"));
    CHECK(*parse_when("2026-11-24T10:00:00+02:00", now) == *parse_rfc3339("2026-11-24T08:00:00Z"));
    CHECK(*parse_when("today", now) == *parse_rfc3339("2026-11-24T00:00:00Z"));
    CHECK(*parse_when("yesterday", now) == *parse_rfc3339("2026-11-23T00:00:00Z"));
    CHECK(*parse_when("90m", now) == *parse_rfc3339("2026-11-24T08:00:00Z"));
    CHECK(*parse_when("1w", now) == *parse_rfc3339("2026-11-17T09:30:00Z"));
    for (const auto* wrong : {"", "noon", "8", "-3h", "8x", "2026-13-01", "99999999999999999999d"})
        CHECK_FALSE(parse_when(wrong, now));
}

TEST_CASE("a mistyped word is guessed, a foreign one is not", "[daemon]") {
    const std::vector<std::string> known{"status", "attempts", "certificates", "config"};
    CHECK(closest("atempts", known) == "attempts");
    CHECK(closest("stauts", known) == "status");
    CHECK(closest("cert", known) == "certificates");
    CHECK(closest("provision", known).empty());
}

TEST_CASE("a request that failed is told with each time it was asked", "[daemon]") {
    ledger::event_row event;
    event.kind = "attempt-finished";
    event.payload_json =
        R"({"failure_code":"cloud-no-answer","failure_step":"issue","outcome":"failed",)"
        R"("request_ms":{"acknowledged-1":30,"acknowledged-2":20040,"sent":40000,"sent-1":0,"sent-2":20000}})";
    CHECK(tell(event) ==
          "failed: cloud-no-answer in step issue (request sent after 0 ms, acknowledged after 30 ms; again "
          "sent after 20.0 s, acknowledged after 20.0 s; again sent after 40.0 s)");
}
