// SPDX-License-Identifier: Apache-2.0
// Hex, base64 and printable forms of bytes.
#pragma once

#include <string>
#include <string_view>

#include "core/failure.hpp"

namespace fleetline {

/// Lower-case hex.
std::string to_hex(std::string_view bytes);
checked<std::string> from_hex(std::string_view text);

std::string to_base64(std::string_view bytes);

/// Strict: padding required, no white space.
checked<std::string> from_base64(std::string_view text);

/// Bytes from outside, made safe to show: printable ASCII and valid UTF-8 stay, the rest becomes \xNN; at
/// most `limit` bytes of input are shown, then "…".
std::string printable(std::string_view bytes, std::size_t limit = 200);

/// Whether the bytes are well-formed UTF-8 (no surrogates, no overlong forms).
bool is_utf8(std::string_view bytes);

}  // namespace fleetline
