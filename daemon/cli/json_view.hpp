// SPDX-License-Identifier: Apache-2.0
// The ledger's rows as JSON, keys as in the report. For .cpp files only: it pulls in nlohmann. Pure
// functions, any thread.
#pragma once

#include <nlohmann/json.hpp>

#include "ledger/reader.hpp"

namespace fleetline::cli {

using json = nlohmann::ordered_json;

json to_json(const ledger::attempt_row& row);  ///< the report's columns, then failure_text and step_ms
json to_json(const ledger::device_row& row);
json to_json(const ledger::certificate_row& row);
json to_json(const ledger::event_row& row);

/// On one line; bytes that are not UTF-8 become U+FFFD.
std::string one_line(const json& document);

/// Indented, for a document of its own.
std::string indented(const json& document);

}  // namespace fleetline::cli
