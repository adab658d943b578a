// SPDX-License-Identifier: Apache-2.0
// AWS's query protocol: a form with an Action, an answer in XML. IAM and STS speak it. HTTP threads, one call
// at a time.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/refusal.hpp"
#include "server/control_plane.hpp"

namespace fleetline::rehearsal {

bool is_query(const http_request& request);
http_response query_service(control_plane_context& context, const http_request& request);

// Private to the services: one call, and the inside of its ...Result element.
struct query_call {
    control_plane_context& context;
    registry& known;
    const http_request& request;

    std::string field(const std::string& name) const;   // empty: not there
    std::string needed(const std::string& name) const;  // refused where missing: ValidationError
};

using query_handler = std::string (*)(const query_call&);
struct query_action {
    std::string_view name;
    query_handler answer;
};

std::string escaped_xml(std::string_view text);
std::string element(std::string_view name, std::string_view text);  // the text is escaped

std::string sts_answer(const query_call& call, std::string_view action);
std::string iam_answer(const query_call& call, std::string_view action);

}  // namespace fleetline::rehearsal
