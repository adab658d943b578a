// SPDX-License-Identifier: Apache-2.0
// Small words and judgements of the procedure: enum names, placeholders, kinds of failure. Pure functions.
#pragma once

#include <exception>
#include <map>
#include <string>
#include <string_view>

#include "ledger/ledger.hpp"
#include "station/board.hpp"
#include "station/settings.hpp"
#include "station/status.hpp"

namespace fleetline::station {

std::string_view to_text(key_origin which);  ///< device, station, cloud
std::string_view to_text(proof which);       ///< none, readback, digest, signature, first-connect

/// Replaces each {name} that is in `values`; others stay as they are.
std::string fill(std::string_view pattern, const std::map<std::string, std::string>& values);

/// "passed 2026-11-24T08:00:00.000Z in slot A1 as thing line-SN1"
std::string passed_before(const ledger::device_record& record);

bool has_code(const std::exception_ptr& error, std::string_view code);

/// The session broke while a request was under way: it can be asked again when the session is back.
bool is_connection_lost(const std::exception_ptr& error);

/// passed, failed, refused or abandoned, from the failure's code.
std::string_view outcome_for(std::string_view code);

}  // namespace fleetline::station
