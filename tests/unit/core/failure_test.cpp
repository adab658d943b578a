// SPDX-License-Identifier: Apache-2.0
#include "core/failure.hpp"

#include <catch2/catch.hpp>

using namespace fleetline;

TEST_CASE("a failure tells what, to what, why, and its code", "[core]") {
    const failure why{"cloud-rejected", "Registering the thing", "serial SN1", "400 InvalidParameters"};
    CHECK(std::string(why.what()) ==
          "Registering the thing, serial SN1: 400 InvalidParameters [cloud-rejected]");
    CHECK(std::string(failure("x", "Doing", "", "reason").what()) == "Doing: reason [x]");
}

TEST_CASE("a checked value holds a value or the reason", "[core]") {
    const checked<std::string> good{std::string("yes")};
    const checked<std::string> bad{reason{"no"}};
    CHECK(*good == "yes");
    CHECK(bad.why_not() == "no");
    CHECK_THROWS(bad.value());
}
