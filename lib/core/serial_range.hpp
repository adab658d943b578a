// SPDX-License-Identifier: Apache-2.0
// The serial numbers of an order's range: a fixed beginning, then digits of a fixed width that count up
// ("SN000100" to "SN000199"). Plain values, usable anywhere.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/failure.hpp"

namespace fleetline {

class serial_range {
  public:
    /// Both ends belong to it. They must differ in their last digits only (18 at most).
    static checked<serial_range> between(std::string_view first, std::string_view last);

    std::int64_t size() const { return last_ - first_ + 1; }
    std::string first() const { return text(first_); }
    std::string last() const { return text(last_); }

    bool holds(std::string_view serial) const { return number_of(serial).has_value(); }

    /// The one after `serial`; after an empty text the first; nothing after the last one.
    std::optional<std::string> after(std::string_view serial) const;

    /// Likewise the first one after it that is not taken.
    std::optional<std::string> free_after(std::string_view serial,
                                          const std::function<bool(const std::string&)>& taken) const;

  private:
    std::optional<std::int64_t> number_of(std::string_view serial) const;
    std::string text(std::int64_t number) const;

    std::string prefix_;
    std::size_t width_ = 0;
    std::int64_t first_ = 0;
    std::int64_t last_ = 0;
};

}  // namespace fleetline
