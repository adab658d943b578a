// SPDX-License-Identifier: Apache-2.0
#include "core/recorded_text.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace fleetline;

TEST_CASE("what people write is recorded as it is", "[core]") {
    const auto text =
        GENERATE(as<std::string>{}, "Chen", "李明", "ticket 4711: key leaked, Ñandú\u00a0& Co", " x");
    CHECK(recordable(text, longest_person).value() == text);
}

TEST_CASE("what no reader could trust is not recorded", "[core]") {
    const auto text = GENERATE(as<std::string>{}, "a\x1b[2Jb", "two\nlines", "tab\t", "\x7f", "c1 \u009b2J",
                               "\xff", "cut \xe6\x9d", std::string("nul\0", 4), std::string(65, 'x'));
    CHECK_FALSE(recordable(text, longest_person));
    CHECK_FALSE(recordable_or_none(text, longest_person));
}

TEST_CASE("nothing is a text only where none is needed", "[core]") {
    CHECK(recordable_or_none("", longest_remark).value().empty());
    CHECK(recordable("", longest_remark).why_not() == "it is missing");
    CHECK(recordable(" \u3000\u00a0", longest_remark).why_not() == "it is blank");
}
