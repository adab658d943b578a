// SPDX-License-Identifier: Apache-2.0
// SHA-256, the one digest this project uses.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace fleetline {

using sha256_digest = std::array<std::uint8_t, 32>;

sha256_digest sha256(std::string_view bytes);

/// 64 lower-case hex digits.
std::string sha256_hex(std::string_view bytes);

}  // namespace fleetline
