// SPDX-License-Identifier: Apache-2.0
// All chance of one run: the seed's, the same on every machine.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>

#include "core/time.hpp"

namespace fleetline::simulation {

class dice {
  public:
    explicit dice(std::uint64_t seed) : engine_(seed * 0x9E3779B97F4A7C15U + 1) {}

    std::uint64_t any() { return engine_(); }
    std::int64_t below(std::int64_t n) {
        return n <= 0 ? 0 : static_cast<std::int64_t>(engine_() % static_cast<std::uint64_t>(n));
    }
    bool chance(int per_mille) { return below(1000) < per_mille; }
    milliseconds up_to(milliseconds most) { return milliseconds{below(most.count() + 1)}; }

    /// Mostly short, now and then as long as `most`.
    milliseconds skewed(milliseconds most) { return up_to(milliseconds{most.count() >> below(12)}); }

    template <class List>
    auto& one_of(List& list) {
        return list[static_cast<std::size_t>(below(static_cast<std::int64_t>(list.size())))];
    }

  private:
    std::mt19937_64 engine_;
};

}  // namespace fleetline::simulation
