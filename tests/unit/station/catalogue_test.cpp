// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <set>

#include "station/failure_catalogue.hpp"

using namespace fleetline;

TEST_CASE("every failure has words for the operator and a next action", "[station][I10]") {
    std::set<std::string_view> codes;
    for (const auto& entry : station::failure_catalogue()) {
        CAPTURE(entry.code);
        CHECK(codes.insert(entry.code).second);
        CHECK(entry.text.back() == '.');
        CHECK(entry.next_action.back() == '.');
        CHECK(entry.code.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") ==
              std::string_view::npos);
        CHECK(station::failure_for(entry.code).code == entry.code);
    }
    CHECK(station::failure_for("no-such-code").code == "station-internal");
}
