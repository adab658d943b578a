// SPDX-License-Identifier: Apache-2.0
// Private to the control plane's files: one call of an AWS client, taken apart, and what the services share
// in answering it. A call that AWS would refuse throws refusal with AWS's status and code. HTTP threads, one
// call at a time.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/refusal.hpp"
#include "server/control_plane.hpp"

namespace fleetline::rehearsal {

struct aws_call {
    control_plane_context& context;
    registry& known;
    const http_request& request;
    std::vector<std::string> names;                   // what stood for {} in the route's pattern, decoded
    nlohmann::json body = nlohmann::json::object();   // always an object
    const char* invalid = "InvalidRequestException";  // the service's code for a wrong value

    // From the body. Empty where the key is missing; a value of another type is refused.
    std::string text(const char* key) const;
    std::string needed(const char* key) const;  // refused where missing or empty
    bool truth(const char* key, bool otherwise) const;
    nlohmann::json object(const char* key) const;
    // From the query.
    std::string query(const char* key) const;
    bool query_truth(const char* key, bool otherwise) const;
    // From the headers.
    std::string header(const char* lower_case_name) const;

    refusal wrong(const std::string& why) const { return {400, invalid, why}; }
};

using aws_handler = nlohmann::json (*)(const aws_call&);  // null: an answer without a body

// Patterns are paths with {} for one percent-encoded segment, e.g. /things/{}/principals.
struct aws_route {
    std::string_view method;
    std::string_view pattern;
    aws_handler answer;
    int status = 200;
};
using aws_routes = std::span<const aws_route>;

aws_routes iot_template_routes();
aws_routes iot_claim_routes();
aws_routes iot_certificate_routes();
aws_routes iot_policy_routes();
aws_routes iot_thing_routes();
aws_routes iot_group_routes();
aws_routes iot_other_routes();
aws_routes lambda_routes();

// The segments of the pattern's {}, if the path is of that pattern.
std::optional<std::vector<std::string>> matched(std::string_view pattern, std::string_view path);

// A name as AWS allows it: 1 to `longest` of letters, digits and `others`.
void check_name(const aws_call& call, std::string_view what, std::string_view name, std::size_t longest,
                std::string_view others);
refusal not_found(const std::string& what);
refusal already_exists(const std::string& what);
double epoch_seconds(std::int64_t ms);  // AWS's JSON timestamps

// Paging: ask the registry for one row more than wanted, then cut it off and name where the next page begins.
page page_of(const aws_call& call, const char* size_key, const char* token_key, std::size_t most = 250);
page one_more(page wanted);

template <class Row, class Name>
std::string cut_to(std::vector<Row>& rows, const page& wanted, Name name_of) {
    if (rows.size() <= wanted.limit) return {};
    rows.resize(wanted.limit);
    return rows.empty() ? std::string{} : name_of(rows.back());
}
void add_token(nlohmann::json& answer, const char* key, const std::string& token);  // none: no key

void put_tags(const aws_call& call, const std::string& arn);  // "tags": [{"Key":..., "Value":...}]

// Does a role of this ARN exist, and may the service (e.g. iot.amazonaws.com) assume it?
bool may_assume(registry& known, const std::string& role_arn, std::string_view service);

}  // namespace fleetline::rehearsal
