// SPDX-License-Identifier: Apache-2.0
#include "core/time.hpp"

#include <catch2/catch.hpp>

using namespace fleetline;

TEST_CASE("times are written in RFC 3339 with milliseconds and read back", "[core]") {
    const auto when = parse_rfc3339("2026-11-24T07:53:57.123Z");
    REQUIRE(when.has_value());
    CHECK(to_rfc3339(*when) == "2026-11-24T07:53:57.123Z");
    CHECK(to_rfc3339(utc_time{}) == "1970-01-01T00:00:00.000Z");
    CHECK(to_rfc3339(utc_time{std::chrono::sys_days{std::chrono::year{12345} / 6 / 7}}) ==
          "12345-06-07T00:00:00.000Z");
    CHECK(to_rfc3339(utc_time{std::chrono::sys_days{std::chrono::year{-45} / 6 / 7}}) ==
          "-45-06-07T00:00:00.000Z");
    CHECK(to_rfc3339(utc_time{milliseconds{-1}}) == "1969-12-31T23:59:59.999Z");
}

TEST_CASE("a date alone is its midnight, an offset is honoured, fine fractions are cut", "[core]") {
    CHECK(to_rfc3339(*parse_rfc3339("2024-02-29")) == "2024-02-29T00:00:00.000Z");
    CHECK(to_rfc3339(*parse_rfc3339("2026-11-24T00:30:00+09:00")) == "2026-11-23T15:30:00.000Z");
    CHECK(to_rfc3339(*parse_rfc3339("2026-11-24T00:30:00.123456789Z")) == "2026-11-24T00:30:00.123Z");
}

TEST_CASE("what is no time is refused", "[core]") {
    const auto text =
        GENERATE("", "yesterday", "2026-13-01", "2026-02-30", "2026-11-24T25:00:00Z", "2026-11-24T07:53:57",
                 "2026-11-24T07:53Z", "2026-11-24T07:53:57.Zx", "2026-11-24T07:53:57+9");
    CHECK_FALSE(parse_rfc3339(text).has_value());
}
