// SPDX-License-Identifier: Apache-2.0
#include "core/unique_id.hpp"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <string_view>
#include <system_error>

#include "core/encoding.hpp"

namespace fleetline {

std::string make_unique_id(utc_time now) {
    std::array<std::uint8_t, 16> bytes{};
    if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
        throw std::system_error(errno, std::generic_category(), "getrandom");
    auto moment = static_cast<std::uint64_t>(now.time_since_epoch().count());
    for (std::size_t i = 6; i > 0; --i, moment >>= 8U)
        bytes[i - 1] = static_cast<std::uint8_t>(moment & 0xFFU);
    bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0FU) | 0x70U);
    bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3FU) | 0x80U);
    std::string text = to_hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    for (const std::size_t at : {8U, 13U, 18U, 23U}) text.insert(at, 1, '-');
    return text;
}

}  // namespace fleetline
