// SPDX-License-Identifier: Apache-2.0
#include "report/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace fleetline::report {

namespace {

// Values below 256 have a cell each; above, each power of two is cut into 128 cells.
constexpr unsigned exact_bits = 8;
constexpr std::uint64_t cells_of_a_power = 1U << (exact_bits - 1);
constexpr std::int64_t longest = std::int64_t{1} << 40U;  // 35 years

std::size_t cell_of(std::int64_t milliseconds) {
    const auto value = static_cast<std::uint64_t>(std::clamp<std::int64_t>(milliseconds, 0, longest));
    const auto bits = static_cast<unsigned>(std::bit_width(value));
    if (bits <= exact_bits) return static_cast<std::size_t>(value);
    const unsigned shift = bits - exact_bits;
    return static_cast<std::size_t>(shift * cells_of_a_power + (value >> shift));
}

/// The middle of a cell.
std::int64_t value_of(std::size_t cell) {
    if (cell < 2 * cells_of_a_power) return static_cast<std::int64_t>(cell);
    const std::uint64_t shift = cell / cells_of_a_power - 1;
    const std::uint64_t low = (cell - shift * cells_of_a_power) << shift;
    return static_cast<std::int64_t>(low + (std::uint64_t{1} << shift) / 2);
}

}  // namespace

void histogram::add(std::int64_t milliseconds) {
    const std::size_t cell = cell_of(milliseconds);
    if (cells_.empty()) first_ = cell;
    if (cell < first_) cells_.insert(cells_.begin(), first_ - cell, 0);
    first_ = std::min(first_, cell);
    if (cell - first_ >= cells_.size()) cells_.resize(cell - first_ + 1);
    ++cells_[cell - first_];
    const auto value = std::clamp<std::int64_t>(milliseconds, 0, longest);
    least_ = count_ == 0 ? value : std::min(least_, value);
    most_ = std::max(most_, value);
    ++count_;
    sum_ += value;
}

std::optional<std::int64_t> histogram::mean() const {
    if (count_ == 0) return std::nullopt;
    return (sum_ + count_ / 2) / count_;
}

std::optional<std::int64_t> histogram::quantile(double share) const {
    if (count_ == 0) return std::nullopt;
    const auto rank =
        std::max<std::int64_t>(static_cast<std::int64_t>(std::ceil(share * static_cast<double>(count_))), 1);
    std::int64_t passed_by = 0;
    for (std::size_t cell = 0; cell < cells_.size(); ++cell) {
        passed_by += cells_[cell];
        if (passed_by >= rank) return std::clamp(value_of(first_ + cell), least_, most_);
    }
    return std::nullopt;
}

}  // namespace fleetline::report
