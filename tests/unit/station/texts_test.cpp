// SPDX-License-Identifier: Apache-2.0
#include "station/texts.hpp"

#include <catch2/catch.hpp>

using namespace fleetline;

TEST_CASE("placeholders are filled, what is none stays", "[station]") {
    CHECK(station::fill("a-{serial}-{slot}", {{"serial", "SN1"}, {"slot", "A1"}}) == "a-SN1-A1");
    CHECK(station::fill("{unknown} { {serial", {{"serial", "SN1"}}) == "{unknown} { {serial");
    CHECK(station::fill("{serial}{serial}", {{"serial", "{serial}"}}) == "{serial}{serial}");
}

TEST_CASE("an outcome follows from the code", "[station]") {
    CHECK(station::outcome_for("") == "passed");
    CHECK(station::outcome_for("order-not-on-list") == "refused");
    CHECK(station::outcome_for("already-provisioned") == "refused");
    CHECK(station::outcome_for("station-stopping") == "abandoned");
    CHECK(station::outcome_for("device-no-answer") == "failed");
}
