// SPDX-License-Identifier: Apache-2.0
// From the configuration to what the cloud room wants to be told; for the daemon and for `fleetline doctor`.
// Pure.
#pragma once

#include "cloud/settings.hpp"
#include "config/settings.hpp"

namespace fleetline::daemon {

cloud::session_settings cloud_settings(const config::settings& from);

}  // namespace fleetline::daemon
