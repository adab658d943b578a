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

json view_of(const ledger::attempt_row& row);  ///< the report's columns, and failure_text and step_ms
json view_of(const ledger::device_row& row);
json view_of(const ledger::certificate_row& row);
json view_of(const ledger::event_row& row);
json view_of(const ledger::order_row& row);

/// As text. Bytes that are not UTF-8 (a broken ledger, say) are replaced, never thrown at.
std::string text_of(const json& document);

}  // namespace fleetline::api
