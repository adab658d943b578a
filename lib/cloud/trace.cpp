// SPDX-License-Identifier: Apache-2.0
#include "cloud/trace.hpp"

#include <algorithm>
#include <array>

#include "cloud/payload.hpp"
#include "core/encoding.hpp"

namespace fleetline::cloud {

namespace {

constexpr std::size_t longest = 600;
constexpr std::array<std::string_view, 6> harmless{"certificateId", "errorCode",  "errorMessage",
                                                   "parameters",    "statusCode", "thingName"};

std::string size_of(std::size_t bytes) {
    return "(" + std::to_string(bytes) + " bytes)";
}

}  // namespace

std::string traced(payload_format format, std::string_view payload) {
    auto map = read_map(format, payload);
    if (!map) return size_of(payload.size());
    auto shown = json::object();
    for (auto& [key, value] : map->items()) {
        const bool plain = std::find(harmless.begin(), harmless.end(), key) != harmless.end();
        auto& target = shown[printable(key)];
        if (plain) {
            target = value;
        } else {
            target = size_of(value.is_string() ? value.get_ref<const std::string&>().size() : value.size());
            if (value.is_string()) wipe(value.get_ref<std::string&>());
        }
    }
    return printable(shown.dump(-1, ' ', true, json::error_handler_t::replace), longest);
}

}  // namespace fleetline::cloud
