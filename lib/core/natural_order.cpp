// SPDX-License-Identifier: Apache-2.0
#include "core/natural_order.hpp"

#include <algorithm>

namespace fleetline {

namespace {

/// Takes the digits off the front, without the zeros they begin with.
std::string_view take_number(std::string_view& text) {
    const auto size = std::min(text.find_first_not_of("0123456789"), text.size());
    auto digits = text.substr(0, size);
    text.remove_prefix(size);
    digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
    return digits;
}

bool begins_with_digit(std::string_view text) {
    return !text.empty() && text.front() >= '0' && text.front() <= '9';
}

}  // namespace

bool natural_order::operator()(std::string_view a, std::string_view b) const noexcept {
    const auto whole_a = a, whole_b = b;
    while (!a.empty() && !b.empty()) {
        if (begins_with_digit(a) && begins_with_digit(b)) {
            const auto first = take_number(a), second = take_number(b);
            if (first.size() != second.size()) return first.size() < second.size();
            if (first != second) return first < second;
        } else {
            if (a.front() != b.front()) return a.substr(0, 1) < b.substr(0, 1);
            a.remove_prefix(1);
            b.remove_prefix(1);
        }
    }
    if (a.empty() != b.empty()) return a.empty();
    return whole_a < whole_b;  // A01 and A1
}

}  // namespace fleetline
