// SPDX-License-Identifier: Apache-2.0
#include "core/policy.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "core/payload.hpp"
#include "core/refusal.hpp"

namespace fleetline::rehearsal {
namespace {

using nlohmann::json;

constexpr std::array operators = {"StringEquals",
                                  "StringNotEquals",
                                  "StringEqualsIgnoreCase",
                                  "StringNotEqualsIgnoreCase",
                                  "StringLike",
                                  "StringNotLike",
                                  "Bool",
                                  "IpAddress",
                                  "NotIpAddress",
                                  "ArnEquals",
                                  "ArnLike",
                                  "ArnNotEquals",
                                  "ArnNotLike",
                                  "Null"};

refusal malformed(const std::string& why) {
    return {400, "MalformedPolicyException", why};
}

std::vector<std::string> strings(const json& node, const std::string& where) {
    std::vector<std::string> all;
    if (node.is_string()) {
        all.push_back(node.get<std::string>());
    } else if (node.is_array() && !node.empty()) {
        for (const json& one : node) {
            if (!one.is_string()) throw malformed(where + " must be a string or a list of strings");
            all.push_back(one.get<std::string>());
        }
    } else {
        throw malformed(where + " must be a string or a list of strings");
    }
    return all;
}

pattern_list patterns(const json& statement, const std::string& name) {
    const bool plain = statement.contains(name);
    const bool negated = statement.contains("Not" + name);
    if (plain == negated) throw malformed("a statement needs either " + name + " or Not" + name);
    const std::string key = negated ? "Not" + name : name;
    return {strings(statement.at(key), key), negated};
}

void check_actions(const pattern_list& actions) {
    for (const std::string& action : actions.patterns) {
        if (action != "*" && action.find(':') == std::string::npos) {
            throw malformed("action \"" + action + "\" has no service prefix such as iot:");
        }
    }
}

void check_resources(const pattern_list& resources) {
    for (const std::string& resource : resources.patterns) {
        if (resource != "*" && !resource.starts_with("arn:") && !resource.starts_with("*")) {
            throw malformed("resource \"" + resource + "\" is neither an ARN nor *");
        }
    }
}

// "ForAllValues:StringEqualsIfExists" and the like, taken apart.
policy_condition operator_of(std::string text) {
    policy_condition condition;
    if (text.starts_with("ForAllValues:")) {
        condition.over = policy_condition::over::all_values;
        text.erase(0, 13);
    } else if (text.starts_with("ForAnyValue:")) {
        condition.over = policy_condition::over::any_value;
        text.erase(0, 12);
    }
    if (text.ends_with("IfExists")) {
        condition.if_exists = true;
        text.resize(text.size() - 8);
    }
    if (std::find(operators.begin(), operators.end(), text) == operators.end()) {
        throw malformed("condition operator \"" + text + "\" is not known");
    }
    condition.operation = std::move(text);
    return condition;
}

// A condition's value may be written true or 5 as well as "true" or "5"; an empty list is AWS's own example
// of "no attribute at all".
std::vector<std::string> condition_values(const json& node, const std::string& key) {
    if (node.is_array() && node.empty()) return {};
    if (node.is_boolean() || node.is_number()) return {node.dump()};
    return strings(node, "the value of condition key " + key);
}

std::vector<policy_condition> conditions(const json& statement) {
    std::vector<policy_condition> all;
    const auto block = statement.find("Condition");
    if (block == statement.end()) return all;
    if (!block->is_object()) throw malformed("Condition must be an object");
    for (const auto& [operation, keys] : block->items()) {
        if (!keys.is_object()) throw malformed("condition " + operation + " must hold an object");
        for (const auto& [key, values] : keys.items()) {
            policy_condition condition = operator_of(operation);
            condition.key = key;
            condition.values = condition_values(values, key);
            all.push_back(std::move(condition));
        }
    }
    return all;
}

policy_statement statement_of(const json& node) {
    if (!node.is_object()) throw malformed("a statement must be an object");
    for (const auto& [key, value] : node.items()) {
        static constexpr std::array known = {"Sid",      "Effect",      "Action",   "NotAction",
                                             "Resource", "NotResource", "Condition"};
        if (std::find(known.begin(), known.end(), key) == known.end()) {
            throw malformed("\"" + key + "\" does not belong in a statement");
        }
    }
    policy_statement statement;
    const json effect = node.value("Effect", json{});
    if (effect != "Allow" && effect != "Deny") throw malformed("Effect must be Allow or Deny");
    statement.deny = effect == "Deny";
    statement.actions = patterns(node, "Action");
    check_actions(statement.actions);
    statement.resources = patterns(node, "Resource");
    check_resources(statement.resources);
    statement.conditions = conditions(node);
    return statement;
}

json document_of(std::string_view text) {
    try {
        return decode(text, encoding::json);
    } catch (const refusal&) {
        throw malformed("the policy document is not JSON");
    }
}

}  // namespace

policy_document parse_policy(std::string_view text) {
    if (policy_length(text) > 2048) throw malformed("the policy document is longer than 2048 characters");
    const json document = document_of(text);
    if (!document.is_object()) throw malformed("the policy document must be an object");
    const json version = document.value("Version", json("2008-10-17"));
    if (version != "2012-10-17" && version != "2008-10-17") throw malformed("Version must be 2012-10-17");
    const auto found = document.find("Statement");
    if (found == document.end()) throw malformed("the policy document has no Statement");
    policy_document statements;
    if (found->is_array()) {
        for (const json& one : *found) statements.push_back(statement_of(one));
    } else {
        statements.push_back(statement_of(*found));
    }
    if (statements.empty()) throw malformed("Statement is empty");
    return statements;
}

std::size_t policy_length(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return c != ' ' && c != '\n' && c != '\r' && c != '\t'; }));
}

}  // namespace fleetline::rehearsal
