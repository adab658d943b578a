// SPDX-License-Identifier: Apache-2.0
// UTC instants with milliseconds, and their one spelling: RFC 3339 with a Z ("2026-11-24T07:53:57.123Z").
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "core/failure.hpp"

namespace fleetline {

using milliseconds = std::chrono::milliseconds;
using utc_time = std::chrono::sys_time<milliseconds>;

/// A point on the monotonic clock; its zero means nothing. Durations are taken from this, never from UTC.
using monotonic_time = std::chrono::time_point<std::chrono::steady_clock, milliseconds>;

std::string to_rfc3339(utc_time when);

/// Accepts what to_rfc3339 writes, fewer or no fraction digits, any UTC offset, and a date alone (its
/// midnight UTC).
checked<utc_time> parse_rfc3339(std::string_view text);

}  // namespace fleetline
