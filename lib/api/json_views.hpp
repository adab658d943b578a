// SPDX-License-Identifier: Apache-2.0
// What the API shows, as JSON. Pure, any thread. For .cpp files only.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "ledger/reader.hpp"
#include "station/status.hpp"

namespace fleetline::api {

using json = nlohmann::ordered_json;  // members come in the order people read them in

json view_of(const station::slot_status& slot);
json view_of(const station::order_status& order);

/// Everything of a snapshot but its slots.
json station_view_of(const station::station_status& status);
json view_of(const station::station_status& status);

/// As text. Bytes that are not UTF-8 (a broken ledger, say) are replaced, never thrown at.
std::string text_of(const json& document);

}  // namespace fleetline::api
