// SPDX-License-Identifier: Apache-2.0
#include "report/histogram.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>

using fleetline::report::histogram;

TEST_CASE("of nothing there is no median", "[report]") {
    CHECK_FALSE(histogram{}.quantile(0.5));
    CHECK_FALSE(histogram{}.mean());
}

TEST_CASE("short durations are exact", "[report]") {
    histogram times;
    for (const int value : {5, 1, 200, 3, 4}) times.add(value);
    CHECK(times.quantile(0.5) == 4);
    CHECK(times.quantile(0.95) == 200);
    CHECK(times.quantile(0) == 1);
    CHECK(times.mean() == 43);
}

TEST_CASE("durations that are all the same are told as they are", "[report]") {
    for (const std::int64_t value : {300, 301, 12'400, 95'000}) {
        histogram times;
        for (int i = 0; i < 10; ++i) times.add(value);
        CHECK(times.quantile(0.5) == value);
        times.add(value + 100'000);
        CHECK(times.quantile(1.0) <= value + 100'000);
        CHECK(times.quantile(0.5) >= value);
    }
}

TEST_CASE("median and p95 are within half a per cent of the sorted truth", "[report]") {
    std::mt19937 random{7};
    std::lognormal_distribution<double> durations{9.4, 1.5};
    histogram times;
    std::vector<std::int64_t> all;
    for (int i = 0; i < 20'000; ++i) {
        all.push_back(static_cast<std::int64_t>(durations(random)));
        times.add(all.back());
    }
    std::sort(all.begin(), all.end());
    for (const double share : {0.01, 0.5, 0.95, 0.999}) {
        const auto exact = static_cast<double>(all[static_cast<std::size_t>(std::ceil(share * 20'000)) - 1]);
        const auto told = static_cast<double>(*times.quantile(share));
        INFO(share << ": " << told << " for " << exact);
        CHECK(std::abs(told - exact) <= exact * 0.005 + 0.5);
    }
}

TEST_CASE("senseless durations do not break it", "[report]") {
    histogram times;
    times.add(-5);
    times.add(std::int64_t{1} << 62U);
    CHECK(times.quantile(0.5) == 0);
    CHECK(times.count() == 2);
}
