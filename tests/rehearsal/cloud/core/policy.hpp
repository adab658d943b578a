// SPDX-License-Identifier: Apache-2.0
// AWS IoT policies: read once, asked often. Pure; any thread. A document that AWS would not accept throws
// refusal 400 MalformedPolicyException with the reason. What AWS leaves open is listed in README.md.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/records.hpp"

namespace fleetline::rehearsal {

// A list of patterns (a string or a list in the document), and whether the document said Not...
struct pattern_list {
    std::vector<std::string> patterns;
    bool negated = false;
};

struct policy_condition {
    std::string operation;  // e.g. StringEquals, without qualifiers
    enum class over { single, all_values, any_value } over = over::single;
    bool if_exists = false;
    std::string key;
    std::vector<std::string> values;
};

struct policy_statement {
    bool deny = false;
    pattern_list actions;
    pattern_list resources;
    std::vector<policy_condition> conditions;
};

using policy_document = std::vector<policy_statement>;

policy_document parse_policy(std::string_view text);
// Characters that count against AWS's limit of 2048: all but white space.
std::size_t policy_length(std::string_view text);

struct policy_request {
    std::string action;    // e.g. iot:Publish
    std::string resource;  // the whole ARN
    // Policy variables by name without ${}: iot:ClientId, iot:Connection.Thing.ThingName, aws:SourceIp, ...
    // Several values (iot:ConnectAttributes) are joined by line feeds.
    const string_map& variables;
};

enum class verdict { implicit_deny, allow, explicit_deny };
verdict evaluate(std::span<const policy_document* const> policies, const policy_request& request);

// `*` any run, `?` any one character, ${name} the variable's value taken literally. An unknown variable stays
// as text.
bool matches_pattern(std::string_view pattern, std::string_view text, const string_map& variables);

}  // namespace fleetline::rehearsal
