// SPDX-License-Identifier: Apache-2.0
// What people give to be recorded for ever (names, reasons, notes): one rule, whichever way it comes in. Pure
// functions, any thread.
#pragma once

#include <cstddef>
#include <string>

#include "core/failure.hpp"

namespace fleetline {

inline constexpr std::size_t longest_person = 64;    ///< a person's name, in bytes
inline constexpr std::size_t longest_remark = 1000;  ///< a reason or a note

/// The text, or why it cannot be recorded: too long, no UTF-8, with control characters. It may be empty.
checked<std::string> recordable_or_none(std::string text, std::size_t longest);

/// Likewise, and it must say something: not only blanks.
checked<std::string> recordable(std::string text, std::size_t longest);

}  // namespace fleetline
