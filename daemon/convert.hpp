// SPDX-License-Identifier: Apache-2.0
// From the configuration's sections to what each room wants to be told. Pure, but for reading the boards' CA
// files.
#pragma once

#include "api/settings.hpp"
#include "config/settings.hpp"
#include "ledger/ledger.hpp"
#include "serial/port.hpp"
#include "station/settings.hpp"

namespace fleetline::daemon {

ledger::options ledger_options(const config::settings& from);
api::settings api_settings(const config::settings& from);

/// Of the product's boards: what its dialect needs, and what the product adds.
serial::port_settings port_settings(const config::product_section& from);

/// Throws failure(station-configuration) when a CA file cannot be read or is no certificate.
station::station_settings station_settings(const config::settings& from);

}  // namespace fleetline::daemon
