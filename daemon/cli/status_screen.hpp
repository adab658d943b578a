// SPDX-License-Identifier: Apache-2.0
// The station's state on one screen, from the API's status document or the ledger's look-alike. For .cpp
// files only: it pulls in nlohmann. One thread.
#pragma once

#include "cli/json_view.hpp"
#include "cli/screen.hpp"
#include "core/time.hpp"

namespace fleetline::cli {

void print_status(screen& out, const json& document, utc_time now);

}  // namespace fleetline::cli
