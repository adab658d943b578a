// SPDX-License-Identifier: Apache-2.0
// Requests and answers on the wire, JSON or CBOR. Pure; any thread. Whatever bytes come in, the outcome is a
// map of strings (and of maps of strings) or a refusal: depth, size and UTF-8 are bounded before anything is
// built.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace fleetline::rehearsal {

enum class encoding { json, cbor };

// The document, at most 32 levels deep. Throws refusal 400 InvalidPayload.
nlohmann::json decode(std::string_view bytes, encoding format);
std::string encode(const nlohmann::json& document, encoding format);

}  // namespace fleetline::rehearsal
