// SPDX-License-Identifier: Apache-2.0
// IAM: roles and what is attached to them. Who may assume a role counts where AWS IoT and Lambda take one;
// what its policies allow is not evaluated here.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "core/text.hpp"
#include "server/query_service.hpp"

namespace fleetline::rehearsal {
namespace {

using nlohmann::json;

// AWS's own policies that this project or the walkthrough attaches.
constexpr std::array managed_policies = {"arn:aws:iam::aws:policy/service-role/AWSIoTThingsRegistration",
                                         "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
                                         "arn:aws:iam::aws:policy/service-role/AWSIoTLogging",
                                         "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",
                                         "arn:aws:iam::aws:policy/AmazonDynamoDBReadOnlyAccess"};

constexpr std::string_view name_characters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+=,.@-";

refusal no_such(const std::string& what) {
    return {404, "NoSuchEntity", what + " cannot be found."};
}

std::string upper(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return text;
}

// The document as IAM gives it back: percent-encoded.
std::string percent_encoded(std::string_view text) {
    std::string result;
    for (const char c : text) {
        const bool plain =
            std::string_view{"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"}.find(c) !=
            std::string_view::npos;
        result += plain ? std::string(1, c) : "%" + upper(to_hex(std::string_view{&c, 1}));
    }
    return result;
}

std::string role_arn(const query_call& call, const role_record& role) {
    return "arn:aws:iam::" + call.known.account() + ":role" + role.path + role.name;
}

std::string role_element(const query_call& call, const role_record& role) {
    std::string text = "<Role>" + element("Path", role.path) + element("RoleName", role.name) +
                       element("RoleId", role.id) + element("Arn", role_arn(call, role)) +
                       element("CreateDate", rfc3339(role.created_ms)) +
                       element("AssumeRolePolicyDocument", percent_encoded(role.trust)) +
                       element("MaxSessionDuration", "3600");
    if (!role.description.empty()) text += element("Description", role.description);
    std::string tags;
    for (const auto& [key, value] : call.known.tags(role_arn(call, role)))
        tags += "<member>" + element("Key", key) + element("Value", value) + "</member>";
    if (!tags.empty()) text += "<Tags>" + tags + "</Tags>";
    return text + "</Role>";
}

role_record role_of(const query_call& call) {
    const std::string name = call.needed("RoleName");
    const auto role = call.known.role(name);
    if (!role) throw no_such("The role with name " + name);
    return *role;
}

void check_document(const std::string& text, bool is_trust) {
    const json document = json::parse(text, nullptr, false);
    const auto statements = document.is_object() ? document.find("Statement") : document.end();
    if (statements == document.end())
        throw refusal{400, "MalformedPolicyDocument", "This policy contains invalid Json"};
    const json list = statements->is_array() ? *statements : json::array({*statements});
    for (const json& one : list) {
        if (!one.is_object() || !one.contains("Effect") ||
            (!one.contains("Action") && !one.contains("NotAction")))
            throw refusal{400, "MalformedPolicyDocument", "Syntax errors in policy."};
        if (is_trust && !one.contains("Principal"))
            throw refusal{400, "MalformedPolicyDocument", "Missing required field Principal"};
    }
}

std::string create_role(const query_call& call) {
    role_record role;
    role.name = call.needed("RoleName");
    if (role.name.size() > 64 || role.name.find_first_not_of(name_characters) != std::string::npos)
        throw refusal{400, "ValidationError", "The specified value for roleName is invalid."};
    if (call.known.role(role.name))
        throw refusal{409, "EntityAlreadyExists", "Role with name " + role.name + " already exists."};
    role.trust = call.needed("AssumeRolePolicyDocument");
    check_document(role.trust, true);
    role.description = call.field("Description");
    if (const std::string path = call.field("Path"); !path.empty()) role.path = path;
    if (!role.path.starts_with('/') || !role.path.ends_with('/'))
        throw refusal{400, "ValidationError", "The specified value for path is invalid."};
    role.id = "AROA" + upper(to_hex(random_bytes(8))) + "0";
    call.known.put_role(role);
    for (int at = 1;; ++at) {
        const std::string tag = "Tags.member." + std::to_string(at);
        const std::string key = call.field(tag + ".Key");
        if (key.empty()) break;
        call.known.put_tag(role_arn(call, role), key, call.field(tag + ".Value"));
    }
    return role_element(call, role_of(call));
}

std::string get_role(const query_call& call) {
    return role_element(call, role_of(call));
}

std::string update_assume_role_policy(const query_call& call) {
    role_record role = role_of(call);
    role.trust = call.needed("PolicyDocument");
    check_document(role.trust, true);
    call.known.put_role(role);
    return {};
}

std::string attach_role_policy(const query_call& call) {
    const role_record role = role_of(call);
    const std::string arn = call.needed("PolicyArn");
    if (std::find(managed_policies.begin(), managed_policies.end(), arn) == managed_policies.end()) {
        throw refusal{
            404, "NoSuchEntity",
            "Policy " + arn + " does not exist or is not attachable (the rehearsal knows a few of AWS's)."};
    }
    call.known.put_role_policy(role.name, arn);
    return {};
}

bool has_policy(const query_call& call, const std::string& role, const std::string& policy) {
    const auto all = call.known.role_policies(role);
    return std::find(all.begin(), all.end(), policy) != all.end();
}

std::string detach_role_policy(const query_call& call) {
    const role_record role = role_of(call);
    const std::string arn = call.needed("PolicyArn");
    if (!has_policy(call, role.name, arn)) throw no_such("Policy " + arn);
    call.known.delete_role_policy(role.name, arn);
    return {};
}

std::string put_role_policy(const query_call& call) {
    const role_record role = role_of(call);
    const std::string document = call.needed("PolicyDocument");
    check_document(document, false);
    call.known.put_role_policy(role.name, call.needed("PolicyName"), document);
    return {};
}

std::string get_role_policy(const query_call& call) {
    const role_record role = role_of(call);
    const std::string name = call.needed("PolicyName");
    const auto document = call.known.role_policy_document(role.name, name);
    if (!document || document->empty()) throw no_such("The role policy with name " + name);
    return element("RoleName", role.name) + element("PolicyName", name) +
           element("PolicyDocument", percent_encoded(*document));
}

std::string delete_role_policy(const query_call& call) {
    const role_record role = role_of(call);
    const std::string name = call.needed("PolicyName");
    if (!has_policy(call, role.name, name)) throw no_such("The role policy with name " + name);
    call.known.delete_role_policy(role.name, name);
    return {};
}

std::string list_attached_role_policies(const query_call& call) {
    std::string members;
    for (const std::string& arn : call.known.role_policies(role_of(call).name)) {
        if (!arn.starts_with("arn:")) continue;
        members += "<member>" + element("PolicyName", arn.substr(arn.rfind('/') + 1)) +
                   element("PolicyArn", arn) + "</member>";
    }
    return "<AttachedPolicies>" + members + "</AttachedPolicies>" + element("IsTruncated", "false");
}

std::string list_role_policies(const query_call& call) {
    std::string members;
    for (const std::string& name : call.known.role_policies(role_of(call).name)) {
        if (!name.starts_with("arn:")) members += element("member", name);
    }
    return "<PolicyNames>" + members + "</PolicyNames>" + element("IsTruncated", "false");
}

std::string delete_role(const query_call& call) {
    const role_record role = role_of(call);
    if (!call.known.role_policies(role.name).empty())
        throw refusal{409, "DeleteConflict", "Cannot delete entity, must detach all policies first."};
    call.known.delete_role(role.name);
    call.known.delete_tags(role_arn(call, role));
    return {};
}

constexpr std::array actions = {query_action{"CreateRole", create_role},
                                query_action{"GetRole", get_role},
                                query_action{"UpdateAssumeRolePolicy", update_assume_role_policy},
                                query_action{"AttachRolePolicy", attach_role_policy},
                                query_action{"DetachRolePolicy", detach_role_policy},
                                query_action{"PutRolePolicy", put_role_policy},
                                query_action{"GetRolePolicy", get_role_policy},
                                query_action{"DeleteRolePolicy", delete_role_policy},
                                query_action{"ListAttachedRolePolicies", list_attached_role_policies},
                                query_action{"ListRolePolicies", list_role_policies},
                                query_action{"DeleteRole", delete_role}};

}  // namespace

std::string iam_answer(const query_call& call, std::string_view action) {
    for (const query_action& one : actions) {
        if (one.name == action) return one.answer(call);
    }
    throw refusal{400, "InvalidAction", "iam " + std::string{action} + " is not part of the rehearsal"};
}

}  // namespace fleetline::rehearsal
