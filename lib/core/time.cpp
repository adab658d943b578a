// SPDX-License-Identifier: Apache-2.0
#include "core/time.hpp"

#include <string>

namespace fleetline {

namespace {

/// Reads exactly `digits` digits at `at`, or answers -1.
int number(std::string_view text, std::size_t at, std::size_t digits) {
    if (at + digits > text.size()) return -1;
    int value = 0;
    for (const char c : text.substr(at, digits)) {
        if (c < '0' || c > '9') return -1;
        value = value * 10 + (c - '0');
    }
    return value;
}

/// Writes exactly `digits` digits at `at`.
template <class Number>
void put(std::string& text, std::size_t at, std::size_t digits, Number value) {
    for (; digits > 0; --digits, value /= 10) text[at + digits - 1] = static_cast<char>('0' + value % 10);
}

}  // namespace

std::string to_rfc3339(utc_time when) {
    const auto day = std::chrono::floor<std::chrono::days>(when);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{when - day};
    std::string text = "0000-00-00T00:00:00.000Z";
    const int year{date.year()};
    if (year >= 0 && year <= 9999)
        put(text, 0, 4, year);
    else
        text.replace(0, 4, std::to_string(year));
    const std::size_t at = text.size() - 19;  // of the month
    put(text, at, 2, unsigned{date.month()});
    put(text, at + 3, 2, unsigned{date.day()});
    put(text, at + 6, 2, clock.hours().count());
    put(text, at + 9, 2, clock.minutes().count());
    put(text, at + 12, 2, clock.seconds().count());
    put(text, at + 15, 3, clock.subseconds().count());
    return text;
}

checked<utc_time> parse_rfc3339(std::string_view text) {
    const auto bad = [&text] {
        return reason{"'" + std::string(text) + "' is not a time like 2026-11-24T07:53:57Z"};
    };
    const int year = number(text, 0, 4);
    const int month = number(text, 5, 2);
    const int day = number(text, 8, 2);
    if (year < 0 || month < 0 || day < 0 || text[4] != '-' || text[7] != '-') return bad();
    const std::chrono::year_month_day date{std::chrono::year{year},
                                           std::chrono::month{static_cast<unsigned>(month)},
                                           std::chrono::day{static_cast<unsigned>(day)}};
    if (!date.ok()) return bad();
    utc_time when{std::chrono::sys_days{date}};
    if (text.size() == 10) return when;

    const int hour = number(text, 11, 2);
    const int minute = number(text, 14, 2);
    const int second = number(text, 17, 2);
    if ((text[10] != 'T' && text[10] != ' ') || hour < 0 || minute < 0 || second < 0) return bad();
    if (text[13] != ':' || text[16] != ':' || hour > 23 || minute > 59 || second > 60) return bad();
    when += std::chrono::hours{hour} + std::chrono::minutes{minute} + std::chrono::seconds{second};

    std::size_t at = 19;
    if (at < text.size() && text[at] == '.') {
        int scale = 100;
        for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, scale /= 10)
            when += milliseconds{(text[at] - '0') * scale};
    }
    if (at + 1 == text.size() && (text[at] == 'Z' || text[at] == 'z')) return when;
    if (at + 6 != text.size() || (text[at] != '+' && text[at] != '-') || text[at + 3] != ':') return bad();
    const int offset_hours = number(text, at + 1, 2);
    const int offset_minutes = number(text, at + 4, 2);
    if (offset_hours < 0 || offset_minutes < 0) return bad();
    const auto offset = std::chrono::hours{offset_hours} + std::chrono::minutes{offset_minutes};
    return text[at] == '+' ? when - offset : when + offset;
}

}  // namespace fleetline
