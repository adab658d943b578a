// SPDX-License-Identifier: Apache-2.0
// A provisioning payload, JSON or CBOR, as a map: bounded in size and nesting. For .cpp files only (pulls in
// nlohmann). Pure functions, any thread.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "cloud/settings.hpp"
#include "core/failure.hpp"

namespace fleetline::cloud {

using json = nlohmann::json;

/// AWS rejects more than 128 KB; so do we.
constexpr std::size_t largest_payload = std::size_t{128} * 1024;

checked<json> read_map(payload_format format, std::string_view payload);

/// Overwrites and empties it.
void wipe(std::string& text);

}  // namespace fleetline::cloud
