// SPDX-License-Identifier: Apache-2.0
// The dialects there are. A new one is a file of its own and a row of the table in registry.cpp. Constant
// data, any thread.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "serial/console.hpp"
#include "serial/port.hpp"
#include "station/board.hpp"

namespace fleetline::dialect {

/// Sorted.
std::vector<std::string_view> dialect_names();

bool dialect_exists(std::string_view name);

/// How the port of a board that speaks it is opened. An unknown name throws station-configuration, here and
/// below.
serial::port_settings port_settings_of(std::string_view name);

std::unique_ptr<station::board> make_board(std::string_view name, std::unique_ptr<serial::console> console);

}  // namespace fleetline::dialect
