// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "world.hpp"

using fleetline::simulation::world;

namespace {

/// Some thousands in all, in some seconds each; scripts/simulate does more.
void days_go_well(std::uint64_t from) {
#ifdef __SANITIZE_ADDRESS__
    constexpr std::uint64_t days = 30;
#else
    constexpr std::uint64_t days = 1000;
#endif
    for (auto seed = from; seed < from + days; ++seed) {
        world day(seed);
        day.run();
        CAPTURE(seed);
        REQUIRE(day.told().violations() == std::vector<std::string>{});
    }
}

}  // namespace

TEST_CASE("a line's day goes well, whatever goes wrong (1)", "[simulation]") {
    days_go_well(1);
}

TEST_CASE("a line's day goes well, whatever goes wrong (2)", "[simulation]") {
    days_go_well(10'001);
}

TEST_CASE("a line's day goes well, whatever goes wrong (3)", "[simulation]") {
    days_go_well(20'001);
}

TEST_CASE("a line's day goes well, whatever goes wrong (4)", "[simulation]") {
    days_go_well(30'001);
}

TEST_CASE("a seed is the same day each time", "[simulation]") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        world once(seed);
        once.run();
        world again(seed);
        again.run();
        CAPTURE(seed);
        REQUIRE(once.told().lines() == again.told().lines());
    }
}
