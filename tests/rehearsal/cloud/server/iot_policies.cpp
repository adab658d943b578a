// SPDX-License-Identifier: Apache-2.0
// AWS IoT: policies, their versions, and what they are attached to.
#include <algorithm>
#include <array>

#include "core/policy.hpp"
#include "core/text.hpp"
#include "server/aws_call.hpp"
#include "server/claims.hpp"

namespace fleetline::rehearsal {
namespace {

using nlohmann::json;

constexpr std::size_t most_versions = 5;
constexpr std::size_t most_policies = 10;  // of one certificate

std::string arn_of(const aws_call& call, const std::string& name) {
    return call.known.arn("policy/" + name);
}

policy_record policy_of(const aws_call& call) {
    const std::string& name = call.names.at(0);
    const auto found = call.known.policy(name);
    if (!found || is_hidden_policy(name)) throw not_found("Policy " + name);
    return *found;
}

version_record version_of(const aws_call& call, const std::string& policy) {
    for (version_record& one : call.known.policy_versions(policy)) {
        if (std::to_string(one.version) == call.names.at(1)) return one;
    }
    throw not_found("Version " + call.names.at(1) + " of policy " + policy);
}

std::string document_in(const aws_call& call) {
    std::string document = call.needed("policyDocument");
    parse_policy(document);
    return document;
}

// cert/ID or thinggroup/NAME, as the registry keeps it, of something that exists.
std::string target_in(const aws_call& call, const std::string& arn) {
    const std::string prefix = call.known.arn("");
    if (!arn.starts_with(prefix)) throw call.wrong("not an ARN of this account and region: " + arn);
    std::string target = arn.substr(prefix.size());
    const std::string name = target.substr(target.find('/') + 1);
    const bool exists = (target.starts_with("cert/") && call.known.certificate(name)) ||
                        (target.starts_with("thinggroup/") && call.known.thing_group(name));
    if (!target.starts_with("cert/") && !target.starts_with("thinggroup/"))
        throw call.wrong("a policy is attached to a certificate or a thing group, not to " + arn);
    if (!exists) throw not_found(arn);
    return target;
}

json create(const aws_call& call) {
    const std::string& name = call.names.at(0);
    check_name(call, "policyName", name, 128, "_+=,.@-");
    if (call.known.policy(name)) throw already_exists("Policy " + name);
    const std::string document = document_in(call);
    call.known.add_policy(name, document);
    put_tags(call, arn_of(call, name));
    return {{"policyName", name},
            {"policyArn", arn_of(call, name)},
            {"policyDocument", document},
            {"policyVersionId", "1"}};
}

json get(const aws_call& call) {
    const policy_record row = policy_of(call);
    return {{"policyName", row.name},
            {"policyArn", arn_of(call, row.name)},
            {"policyDocument", row.document},
            {"defaultVersionId", std::to_string(row.default_version)},
            {"creationDate", epoch_seconds(row.created_ms)},
            {"lastModifiedDate", epoch_seconds(row.modified_ms)},
            {"generationId", std::to_string(row.modified_ms)}};
}

json policies_as_json(const aws_call& call, const std::vector<policy_record>& rows) {
    json all = json::array();
    for (const policy_record& row : rows) {
        if (is_hidden_policy(row.name)) continue;
        all.push_back({{"policyName", row.name}, {"policyArn", arn_of(call, row.name)}});
    }
    return all;
}

json list(const aws_call& call) {
    page wanted = page_of(call, "pageSize", "marker");
    wanted.ascending = call.query_truth("isAscendingOrder", false);
    std::vector<policy_record> rows = call.known.policies(one_more(wanted));
    const std::string more = cut_to(rows, wanted, [](const policy_record& row) { return row.name; });
    json answer = {{"policies", policies_as_json(call, rows)}};
    add_token(answer, "nextMarker", more);
    return answer;
}

json remove(const aws_call& call) {
    const policy_record row = policy_of(call);
    if (!call.known.targets_of(row.name).empty()) {
        throw refusal{
            409, "DeleteConflictException",
            "The policy cannot be deleted as the policy is attached to one or more principals (name=" +
                row.name + ")"};
    }
    if (call.known.policy_versions(row.name).size() > 1) {
        throw refusal{
            409, "DeleteConflictException",
            "Cannot delete the policy because it has one or more policy versions attached to it (name=" +
                row.name + ")"};
    }
    call.known.delete_policy(row.name);
    call.known.delete_tags(arn_of(call, row.name));
    return {};
}

json create_version(const aws_call& call) {
    const policy_record row = policy_of(call);
    const std::string document = document_in(call);
    if (call.known.policy_versions(row.name).size() >= most_versions) {
        throw refusal{409, "VersionsLimitExceededException",
                      "The policy " + row.name + " already has the maximum number of versions (5)"};
    }
    const bool as_default = call.query_truth("setAsDefault", false);
    const std::int64_t version = call.known.add_policy_version(row.name, document, as_default);
    return {{"policyArn", arn_of(call, row.name)},
            {"policyDocument", document},
            {"policyVersionId", std::to_string(version)},
            {"isDefaultVersion", as_default}};
}

json get_version(const aws_call& call) {
    const policy_record row = policy_of(call);
    const version_record one = version_of(call, row.name);
    return {{"policyArn", arn_of(call, row.name)},
            {"policyName", row.name},
            {"policyDocument", one.text},
            {"policyVersionId", std::to_string(one.version)},
            {"isDefaultVersion", one.version == row.default_version},
            {"creationDate", epoch_seconds(one.created_ms)}};
}

json list_versions(const aws_call& call) {
    const policy_record row = policy_of(call);
    json versions = json::array();
    for (const version_record& one : call.known.policy_versions(row.name)) {
        versions.push_back({{"versionId", std::to_string(one.version)},
                            {"isDefaultVersion", one.version == row.default_version},
                            {"createDate", epoch_seconds(one.created_ms)}});
    }
    return {{"policyVersions", versions}};
}

json delete_version(const aws_call& call) {
    const policy_record row = policy_of(call);
    const version_record one = version_of(call, row.name);
    if (one.version == row.default_version)
        throw refusal{409, "DeleteConflictException", "Cannot delete the default version of a policy"};
    call.known.delete_policy_version(row.name, one.version);
    return {};
}

json set_default_version(const aws_call& call) {
    const policy_record row = policy_of(call);
    call.known.set_default_policy_version(row.name, version_of(call, row.name).version);
    return {};
}

json attach(const aws_call& call) {
    const policy_record row = policy_of(call);
    const std::string target = target_in(call, call.needed("target"));
    call.known.attach_policy(row.name, target);
    if (call.known.policies_of(target).size() > most_policies)
        throw refusal{410, "LimitExceededException", "a certificate may have at most 10 policies"};
    return {};
}

json detach(const aws_call& call) {
    call.known.detach_policy(policy_of(call).name, target_in(call, call.needed("target")));
    return {};
}

json list_attached(const aws_call& call) {
    std::string target = target_in(call, call.names.at(0));
    std::vector<policy_record> rows = call.known.policies_of(target);
    while (call.query_truth("recursive", false) && target.starts_with("thinggroup/")) {
        const std::string parent = call.known.thing_group(target.substr(target.find('/') + 1))->parent;
        if (parent.empty()) break;
        target = "thinggroup/" + parent;
        for (policy_record& row : call.known.policies_of(target)) rows.push_back(std::move(row));
    }
    return {{"policies", policies_as_json(call, rows)}};
}

json list_targets(const aws_call& call) {
    json targets = json::array();
    for (const std::string& target : call.known.targets_of(policy_of(call).name))
        targets.push_back(call.known.arn(target));
    return {{"targets", targets}};
}

constexpr std::array routes = {aws_route{"POST", "/policies/{}", create},
                               aws_route{"GET", "/policies/{}", get},
                               aws_route{"GET", "/policies", list},
                               aws_route{"DELETE", "/policies/{}", remove},
                               aws_route{"POST", "/policies/{}/version", create_version},
                               aws_route{"GET", "/policies/{}/version", list_versions},
                               aws_route{"GET", "/policies/{}/version/{}", get_version},
                               aws_route{"PATCH", "/policies/{}/version/{}", set_default_version},
                               aws_route{"DELETE", "/policies/{}/version/{}", delete_version},
                               aws_route{"PUT", "/target-policies/{}", attach},
                               aws_route{"POST", "/target-policies/{}", detach},
                               aws_route{"POST", "/attached-policies/{}", list_attached},
                               aws_route{"POST", "/policy-targets/{}", list_targets}};

}  // namespace

aws_routes iot_policy_routes() {
    return routes;
}

}  // namespace fleetline::rehearsal
