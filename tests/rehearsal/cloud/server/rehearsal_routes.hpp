// SPDX-License-Identifier: Apache-2.0
// The rehearsal's own part of the HTTP interface: /rehearsal/faults, /rehearsal/limits, /rehearsal/status
// (README.md).
#pragma once

#include "core/registry.hpp"
#include "server/http_server.hpp"

namespace fleetline::rehearsal {

class supervisor;

http_response rehearsal_routes(supervisor& cloud, registry& known, const http_request& request);

}  // namespace fleetline::rehearsal
