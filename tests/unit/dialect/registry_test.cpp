// SPDX-License-Identifier: Apache-2.0
#include "dialect/registry.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "core/failure.hpp"

using namespace fleetline;

TEST_CASE("the dialects are sorted, and freertos-cli is one of them") {
    const auto names = dialect::dialect_names();
    CHECK(std::is_sorted(names.begin(), names.end()));
    CHECK(std::count(names.begin(), names.end(), "freertos-cli") == 1);
    CHECK(dialect::dialect_exists("freertos-cli"));
    CHECK(dialect::port_settings_of("freertos-cli").baud == 115200);
}

TEST_CASE("a dialect that does not exist is a mistake of the configuration") {
    CHECK_FALSE(dialect::dialect_exists("klingon"));
    try {
        dialect::make_board("klingon", nullptr);
        FAIL("it was made");
    } catch (const failure& error) {
        CHECK(error.code() == "station-configuration");
    }
}
