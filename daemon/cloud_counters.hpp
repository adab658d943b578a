// SPDX-License-Identifier: Apache-2.0
// What the session counts, as the API wants to be told. Pure.
#pragma once

#include "api/providers.hpp"
#include "cloud/session.hpp"

namespace fleetline::daemon {

api::cloud_counters cloud_counters(const cloud::session_counters& from);

}  // namespace fleetline::daemon
