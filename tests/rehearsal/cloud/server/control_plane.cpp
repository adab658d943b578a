// SPDX-License-Identifier: Apache-2.0
#include "server/control_plane.hpp"

#include <nlohmann/json.hpp>

namespace fleetline::rehearsal {

http_response control_plane(control_plane_context&, const http_request& request) {
    http_response response;
    response.status = 501;
    response.headers["x-amzn-ErrorType"] = "NotImplementedException";
    response.body =
        nlohmann::json{{"message", request.method + " " + request.path + " is not part of the rehearsal"}}
            .dump();
    return response;
}

}  // namespace fleetline::rehearsal
