// SPDX-License-Identifier: Apache-2.0
// A board's story in plain words: what each event of an attempt means, what went wrong and what to do.
// Pure functions, any thread.
#pragma once

#include <string>

#include "ledger/reader.hpp"

namespace fleetline::cli {

/// "certificate 3f9ac01b7d22 handed out, valid until 2049-12-31": one line for one event.
std::string tell(const ledger::event_row& event);

/// How the board stands: its last attempt's outcome, "under way" before there is one; but a board that was
/// refused because it has passed already has passed.
std::string standing_of(const ledger::device_row& device);

/// "made by the board", "made by the station", "made by the cloud"
std::string key_origin_text(std::string_view origin);

/// How it is known that the board holds its credential.
std::string proof_text(std::string_view proof);

}  // namespace fleetline::cli
