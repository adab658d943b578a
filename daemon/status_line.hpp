// SPDX-License-Identifier: Apache-2.0
// The station in one line, for `systemctl status`. Pure.
#pragma once

#include <string>

#include "station/status.hpp"

namespace fleetline::daemon {

std::string status_line(const station::station_status& now);

}  // namespace fleetline::daemon
