// SPDX-License-Identifier: Apache-2.0
#include "core/encoding.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "core/digest.hpp"
#include "core/unique_id.hpp"

using namespace fleetline;

TEST_CASE("hex and base64 go there and back", "[core]") {
    std::string bytes;
    for (int i = 0; i < 256; ++i) {
        bytes += static_cast<char>(i);
        CHECK(from_hex(to_hex(bytes)).value() == bytes);
        CHECK(from_base64(to_base64(bytes)).value() == bytes);
    }
}

TEST_CASE("what is no base64 is refused", "[core]") {
    const auto text = GENERATE("A", "AAA", "AA=A", "A===", "AA A", "AAAA\n", "====", "AA!=");
    CHECK_FALSE(from_base64(text).has_value());
}

TEST_CASE("bytes from outside are shown without harm", "[core]") {
    CHECK(printable("plain text") == "plain text");
    CHECK(printable(std::string("a\0b\x1b[K\r\n", 8)) == "a\\x00b\\x1b[K\\x0d\\x0a");
    CHECK(printable("線路 Ж") == "線路 Ж");
    CHECK(printable("\xc3(\xff") == "\\xc3(\\xff");
    CHECK(printable("abcdef", 3) == "abc…");
}

TEST_CASE("UTF-8 is judged strictly", "[core]") {
    CHECK(is_utf8("ok ü 線 😀"));
    const auto bad = GENERATE("\xc0\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\x80", "\xe2\x82");
    CHECK_FALSE(is_utf8(bad));

    const std::string text(40, 'x');
    for (std::size_t at = 0; at <= text.size(); ++at) {
        CAPTURE(at);
        CHECK_FALSE(is_utf8(text.substr(0, at) + bad + text.substr(at)));
        CHECK(is_utf8(text.substr(0, at) + "線" + text.substr(at)));
    }
}

TEST_CASE("SHA-256 is SHA-256", "[core]") {
    CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("unique ids are version 7 and sort by time", "[core]") {
    const auto early = make_unique_id(utc_time{milliseconds{1'700'000'000'000}});
    const auto late = make_unique_id(utc_time{milliseconds{1'700'000'000'001}});
    REQUIRE(early.size() == 36);
    CHECK(early[14] == '7');
    CHECK(early < late);
    CHECK(make_unique_id(utc_time{milliseconds{1}}) != make_unique_id(utc_time{milliseconds{1}}));
}
