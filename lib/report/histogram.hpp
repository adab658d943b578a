// SPDX-License-Identifier: Apache-2.0
// Durations counted so that median and 95th percentile come out within 0.4 %, in memory that does not grow
// with their number. A plain value; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace fleetline::report {

class histogram {
  public:
    void add(std::int64_t milliseconds);

    std::int64_t count() const noexcept { return count_; }
    std::optional<std::int64_t> mean() const;

    /// The smallest value that `share` (0 to 1) of all do not exceed.
    std::optional<std::int64_t> quantile(double share) const;

  private:
    std::vector<std::int64_t>
        cells_;  ///< from the first one that is used: there is a histogram for each hour
    std::size_t first_ = 0;
    std::int64_t count_ = 0;
    std::int64_t sum_ = 0;
    std::int64_t least_ = 0, most_ = 0;  ///< of all: no cell's middle is told that lies beyond them
};

}  // namespace fleetline::report
