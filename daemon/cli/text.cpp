// SPDX-License-Identifier: Apache-2.0
#include "cli/text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "core/encoding.hpp"

namespace fleetline::cli {

namespace {

struct range {
    char32_t first, last;
};

bool within(char32_t code, const auto& ranges) {
    return std::any_of(ranges.begin(), ranges.end(),
                       [code](const range& r) { return code >= r.first && code <= r.last; });
}

// Unicode 15 East_Asian_Width W and F, whole blocks; what a terminal draws two columns wide.
constexpr std::array<range, 22> wide{{
    {0x1100, 0x115F}, {0x231A, 0x231B}, {0x2329, 0x232A}, {0x23E9, 0x23EC}, {0x25FD, 0x25FE},
    {0x2614, 0x2615}, {0x2648, 0x2653}, {0x26AA, 0x26AB}, {0x2705, 0x2705}, {0x274C, 0x274E},
    {0x2795, 0x2797}, {0x2B1B, 0x2B1C}, {0x2E80, 0x303E}, {0x3041, 0x33FF}, {0x3400, 0x4DBF},
    {0x4E00, 0x9FFF}, {0xA000, 0xA4CF}, {0xAC00, 0xD7A3}, {0xF900, 0xFAFF}, {0xFE30, 0xFE6F},
    {0xFF01, 0xFF60}, {0xFFE0, 0xFFE6},
}};
constexpr std::array<range, 3> wide_beyond{{{0x1F300, 0x1F64F}, {0x1F680, 0x1F9FF}, {0x20000, 0x3FFFD}}};

constexpr std::array<range, 14> no_width{{
    {0x0300, 0x036F},
    {0x0483, 0x0489},
    {0x0591, 0x05BD},
    {0x0610, 0x061A},
    {0x064B, 0x065F},
    {0x0E31, 0x0E31},
    {0x0E34, 0x0E3A},
    {0x0E47, 0x0E4E},
    {0x1AB0, 0x1AFF},
    {0x1DC0, 0x1DFF},
    {0x200B, 0x200D},
    {0x20D0, 0x20FF},
    {0xFE00, 0xFE0F},
    {0xFE20, 0xFE2F},
}};

/// C0, DEL, C1; marks that change the direction or hide (U+200E/F, U+202A-E, U+2066-9, U+FEFF).
bool is_harmful(char32_t code) {
    static constexpr std::array<range, 7> harmful{{
        {0x00, 0x1F},
        {0x7F, 0x9F},
        {0x200E, 0x200F},
        {0x2028, 0x202E},
        {0x2060, 0x206F},
        {0xFEFF, 0xFEFF},
        {0xE0000, 0xE0FFF},
    }};
    return within(code, harmful);
}

/// Takes one character of well-formed UTF-8 off the front.
char32_t take(std::string_view& text) {
    const auto first = static_cast<unsigned char>(text.front());
    const std::size_t length = first < 0x80 ? 1U : first < 0xE0 ? 2U : first < 0xF0 ? 3U : 4U;
    char32_t code = length == 1 ? first : first & (0x7FU >> length);
    for (std::size_t i = 1; i < length && i < text.size(); ++i)
        code = (code << 6U) | (static_cast<unsigned char>(text[i]) & 0x3FU);
    text.remove_prefix(std::min(length, text.size()));
    return code;
}

std::string formatted(const char* format, auto... values) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), format, values...);
    return text.data();
}

bool is_time(std::string_view text) {
    return text.size() >= 19 && text[4] == '-' && text[7] == '-' && text[10] == 'T' && text[13] == ':';
}

}  // namespace

std::size_t display_width(std::string_view text) {
    if (!is_utf8(text)) return text.size();
    std::size_t width = 0;
    while (!text.empty()) {
        const char32_t code = take(text);
        if (code < 0x300) {
            ++width;
        } else if (!within(code, no_width)) {
            width += within(code, wide) || within(code, wide_beyond) ? 2U : 1U;
        }
    }
    return width;
}

std::string safe_text(std::string_view text) {
    const std::string whole = printable(text, text.size());
    std::string safe;
    for (std::string_view rest = whole; !rest.empty();) {
        const std::string_view before = rest;
        const char32_t code = take(rest);
        if (is_harmful(code)) {
            safe += formatted("\\u%04x", static_cast<unsigned>(code));
        } else {
            safe += before.substr(0, before.size() - rest.size());
        }
    }
    return safe;
}

std::string time_text(std::string_view rfc3339) {
    if (!is_time(rfc3339)) return safe_text(rfc3339);
    return std::string{rfc3339.substr(0, 10)} + ' ' + std::string{rfc3339.substr(11, 8)};
}

std::string clock_text(std::string_view rfc3339) {
    if (!is_time(rfc3339)) return safe_text(rfc3339);
    return std::string{rfc3339.substr(11, 12)};
}

std::string duration_text(std::int64_t milliseconds) {
    if (milliseconds < 1000) return std::to_string(milliseconds) + " ms";
    const std::int64_t seconds = milliseconds / 1000;
    if (seconds < 100) return formatted("%.1f s", static_cast<double>(milliseconds) / 1000.0);
    if (seconds < 3600)
        return formatted("%d min %02d s", static_cast<int>(seconds / 60), static_cast<int>(seconds % 60));
    return formatted("%lld h %02d min", static_cast<long long>(seconds / 3600),
                     static_cast<int>(seconds / 60 % 60));
}

std::string short_id(std::string_view id) {
    return safe_text(id.substr(0, 12));
}

std::string share_text(std::int64_t part, std::int64_t whole) {
    if (whole == 0) return "-";
    return formatted("%.1f %%", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

std::string count_text(std::int64_t count, std::string_view one, std::string_view many) {
    return std::to_string(count) + ' ' + std::string{count == 1 ? one : many};
}

}  // namespace fleetline::cli
