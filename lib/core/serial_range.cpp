// SPDX-License-Identifier: Apache-2.0
#include "core/serial_range.hpp"

#include <algorithm>
#include <charconv>

namespace fleetline {

namespace {

constexpr std::size_t most_digits = 18;  // what an int64 holds, whatever they are

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

std::size_t digits_at_end(std::string_view text) {
    std::size_t count = 0;
    while (count < text.size() && count < most_digits && is_digit(text[text.size() - 1 - count])) ++count;
    return count;
}

std::int64_t value_of(std::string_view digits) {
    std::int64_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
}

}  // namespace

checked<serial_range> serial_range::between(std::string_view first, std::string_view last) {
    if (first.size() != last.size()) return reason{"the first and the last serial number differ in length"};
    const auto width = std::min(digits_at_end(first), digits_at_end(last));
    if (width == 0) return reason{"a serial number of a range ends with digits"};
    const auto prefix = first.substr(0, first.size() - width);
    if (prefix != last.substr(0, last.size() - width))
        return reason{
            "the first and the last serial number must begin alike and differ in their last digits"};
    serial_range made;
    made.prefix_ = prefix;
    made.width_ = width;
    made.first_ = value_of(first.substr(prefix.size()));
    made.last_ = value_of(last.substr(prefix.size()));
    if (made.first_ > made.last_) return reason{"the last serial number comes before the first one"};
    return made;
}

std::optional<std::int64_t> serial_range::number_of(std::string_view serial) const {
    if (serial.size() != prefix_.size() + width_ || !serial.starts_with(prefix_)) return std::nullopt;
    const auto digits = serial.substr(prefix_.size());
    if (!std::all_of(digits.begin(), digits.end(), is_digit)) return std::nullopt;
    const auto number = value_of(digits);
    if (number < first_ || number > last_) return std::nullopt;
    return number;
}

std::optional<std::string> serial_range::after(std::string_view serial) const {
    if (serial.empty()) return first();
    const auto number = number_of(serial);
    if (!number || *number == last_) return std::nullopt;
    return text(*number + 1);
}

std::optional<std::string> serial_range::free_after(
    std::string_view serial, const std::function<bool(const std::string&)>& taken) const {
    auto next = after(serial);
    while (next && taken(*next)) next = after(*next);
    return next;
}

std::string serial_range::text(std::int64_t number) const {
    const auto digits = std::to_string(number);
    return prefix_ + std::string(width_ - std::min(width_, digits.size()), '0') + digits;
}

}  // namespace fleetline
