// SPDX-License-Identifier: Apache-2.0
// Text for people: how wide it is on a terminal, what is safe to print there, times, durations and shares in
// few characters. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fleetline::cli {

/// Columns on a terminal: 2 for East Asian wide characters, 0 for combining marks.
std::size_t display_width(std::string_view text);

/// What came from a board, a label or the cloud, made harmless: control characters (a terminal obeys them)
/// and direction overrides (they disguise) are shown as escapes.
std::string safe_text(std::string_view text);

/// "2026-11-24 07:53:57" from an RFC 3339 time; anything else stays as it is.
std::string time_text(std::string_view rfc3339);

/// "07:53:57.123"
std::string clock_text(std::string_view rfc3339);

/// "840 ms", "12.3 s", "2 min 05 s", "1 h 02 min"
std::string duration_text(std::int64_t milliseconds);

/// The first 12 digits: enough to tell certificates apart, and `show` takes it.
std::string short_id(std::string_view id);

/// "93.8 %", or "-" of nothing.
std::string share_text(std::int64_t part, std::int64_t whole);

/// "1 board", "2 boards"; thousands are not grouped.
std::string count_text(std::int64_t count, std::string_view one, std::string_view many);

}  // namespace fleetline::cli
