// SPDX-License-Identifier: Apache-2.0
#include "core/natural_order.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

using namespace fleetline;

TEST_CASE("names are sorted as people sort them", "[core]") {
    const std::vector<std::string> sorted{"",
                                          "2",
                                          "10",
                                          "A",
                                          "A01",
                                          "A1",
                                          "A2",
                                          "A2-b1",
                                          "A2-b10",
                                          "A10",
                                          "A99999999999999999999998",
                                          "A99999999999999999999999",
                                          "B1",
                                          "a1",
                                          "夹具2",
                                          "夹具10"};
    auto shuffled = sorted;
    std::shuffle(shuffled.begin(), shuffled.end(), std::mt19937{1});
    std::sort(shuffled.begin(), shuffled.end(), natural_order{});
    CHECK(shuffled == sorted);
    for (const auto& one : sorted) CHECK_FALSE(natural_order{}(one, one));
}
