// SPDX-License-Identifier: Apache-2.0
// AWS's control plane over HTTP: everything that is not the rehearsal's own. Calls come one at a time (the
// caller holds a lock), on the HTTP server's threads, with a registry opened for them.
#pragma once

#include "core/authority.hpp"
#include "core/registry.hpp"
#include "server/http_server.hpp"

namespace fleetline::rehearsal {

struct control_plane_context {
    registry& known;
    const authority& ca;
    std::string endpoint;  // what DescribeEndpoint answers
};

http_response control_plane(control_plane_context& context, const http_request& request);

}  // namespace fleetline::rehearsal
