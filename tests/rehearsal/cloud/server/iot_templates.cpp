// SPDX-License-Identifier: Apache-2.0
// AWS IoT: provisioning templates and their versions.
#include <algorithm>
#include <array>

#include "core/provisioning_template.hpp"
#include "core/text.hpp"
#include "server/aws_call.hpp"
#include "server/claims.hpp"

namespace fleetline::rehearsal {
namespace {

using nlohmann::json;

constexpr std::size_t most_versions = 5;

std::string arn_of(const aws_call& call, const std::string& name) {
    return call.known.arn("provisioningtemplate/" + name);
}

template_record template_of(const aws_call& call) {
    const auto found = call.known.provisioning_template(call.names.at(0));
    if (!found) throw not_found("Provisioning template " + call.names.at(0));
    return *found;
}

version_record version_of(const aws_call& call, const std::string& text) {
    for (version_record& one : call.known.template_versions(call.names.at(0))) {
        if (std::to_string(one.version) == text) return one;
    }
    throw not_found("Version " + text + " of provisioning template " + call.names.at(0));
}

void take_role(const aws_call& call, template_record& row) {
    row.role_arn = call.needed("provisioningRoleArn");
    if (!may_assume(call.known, row.role_arn, "iot.amazonaws.com")) {
        throw call.wrong("The provisioning role cannot be assumed by AWS IoT: " + row.role_arn);
    }
}

void take_hook(const aws_call& call, template_record& row) {
    const json hook = call.object("preProvisioningHook");
    if (hook.empty()) return;
    const json target = hook.value("targetArn", json{});
    const json version = hook.value("payloadVersion", json("2020-04-01"));
    if (!target.is_string()) throw call.wrong("preProvisioningHook needs a targetArn");
    if (version != "2020-04-01") throw call.wrong("payloadVersion of the hook must be 2020-04-01");
    row.hook_arn = target.get<std::string>();
    row.hook_payload_version = version.get<std::string>();
    const std::vector<std::string> parts = split(row.hook_arn, ':');
    if (parts.size() < 7 || parts[2] != "lambda" || parts[5] != "function")
        throw call.wrong("targetArn of the hook must be the ARN of a Lambda function");
    if (!call.known.function(parts[6]))
        throw call.wrong("The function of the hook does not exist: " + row.hook_arn);
}

void take_description(const aws_call& call, template_record& row) {
    row.description = call.text("description");
    if (row.description.size() > 500) throw call.wrong("description must have at most 500 characters");
}

json create(const aws_call& call) {
    template_record row;
    row.name = call.needed("templateName");
    check_name(call, "templateName", row.name, 36, "-_");
    if (call.known.provisioning_template(row.name)) throw already_exists("Provisioning template " + row.name);
    if (const std::string type = call.text("type"); !type.empty() && type != "FLEET_PROVISIONING")
        throw call.wrong("a template of type " + type + " is not part of the rehearsal");
    row.body = call.needed("templateBody");
    check_template(row.body);
    row.enabled = call.truth("enabled", false);
    take_description(call, row);
    take_role(call, row);
    take_hook(call, row);
    call.known.add_template(row);
    put_tags(call, arn_of(call, row.name));
    return {{"templateArn", arn_of(call, row.name)}, {"templateName", row.name}, {"defaultVersionId", 1}};
}

json summary(const aws_call& call, const template_record& row) {
    return {{"templateArn", arn_of(call, row.name)},
            {"templateName", row.name},
            {"description", row.description},
            {"creationDate", epoch_seconds(row.created_ms)},
            {"lastModifiedDate", epoch_seconds(row.modified_ms)},
            {"enabled", row.enabled},
            {"type", row.type}};
}

json describe(const aws_call& call) {
    const template_record row = template_of(call);
    json answer = summary(call, row);
    answer["defaultVersionId"] = row.default_version;
    answer["templateBody"] = row.body;
    answer["provisioningRoleArn"] = row.role_arn;
    if (!row.hook_arn.empty()) {
        answer["preProvisioningHook"] = {{"targetArn", row.hook_arn},
                                         {"payloadVersion", row.hook_payload_version}};
    }
    return answer;
}

json list(const aws_call& call) {
    const page wanted = page_of(call, "maxResults", "nextToken");
    std::vector<template_record> rows = call.known.templates(one_more(wanted));
    const std::string more = cut_to(rows, wanted, [](const template_record& row) { return row.name; });
    json templates = json::array();
    for (const template_record& row : rows) templates.push_back(summary(call, row));
    json answer = {{"templates", templates}};
    add_token(answer, "nextToken", more);
    return answer;
}

json update(const aws_call& call) {
    template_record row = template_of(call);
    if (call.body.contains("description")) take_description(call, row);
    row.enabled = call.truth("enabled", row.enabled);
    if (call.body.contains("provisioningRoleArn")) take_role(call, row);
    if (call.truth("removePreProvisioningHook", false)) {
        row.hook_arn.clear();
        row.hook_payload_version.clear();
    }
    take_hook(call, row);
    if (const auto version = call.body.find("defaultVersionId"); version != call.body.end()) {
        row.default_version = version_of(call, version->dump()).version;
    }
    call.known.update_template(row);
    return json::object();
}

json remove(const aws_call& call) {
    const template_record row = template_of(call);
    forget_claims(call.known, row.name);
    call.known.delete_template(row.name);
    call.known.delete_tags(arn_of(call, row.name));
    return json::object();
}

json create_version(const aws_call& call) {
    const template_record row = template_of(call);
    const std::string body = call.needed("templateBody");
    check_template(body);
    if (call.known.template_versions(row.name).size() >= most_versions) {
        throw refusal{409, "VersionsLimitExceededException",
                      "Provisioning template " + row.name + " has 5 versions; delete one first"};
    }
    const bool as_default = call.query_truth("setAsDefault", false);
    const std::int64_t version = call.known.add_template_version(row.name, body, as_default);
    return {{"templateArn", arn_of(call, row.name)},
            {"templateName", row.name},
            {"versionId", version},
            {"isDefaultVersion", as_default}};
}

json list_versions(const aws_call& call) {
    const template_record row = template_of(call);
    json versions = json::array();
    for (const version_record& one : call.known.template_versions(row.name)) {
        versions.push_back({{"versionId", one.version},
                            {"creationDate", epoch_seconds(one.created_ms)},
                            {"isDefaultVersion", one.version == row.default_version}});
    }
    return {{"versions", versions}};
}

json describe_version(const aws_call& call) {
    const template_record row = template_of(call);
    const version_record one = version_of(call, call.names.at(1));
    return {{"versionId", one.version},
            {"creationDate", epoch_seconds(one.created_ms)},
            {"templateBody", one.text},
            {"isDefaultVersion", one.version == row.default_version}};
}

json delete_version(const aws_call& call) {
    const template_record row = template_of(call);
    const version_record one = version_of(call, call.names.at(1));
    if (one.version == row.default_version)
        throw refusal{409, "DeleteConflictException", "the default version cannot be deleted"};
    call.known.delete_template_version(row.name, one.version);
    return json::object();
}

constexpr std::array routes = {aws_route{"POST", "/provisioning-templates", create},
                               aws_route{"GET", "/provisioning-templates", list},
                               aws_route{"GET", "/provisioning-templates/{}", describe},
                               aws_route{"PATCH", "/provisioning-templates/{}", update},
                               aws_route{"DELETE", "/provisioning-templates/{}", remove},
                               aws_route{"POST", "/provisioning-templates/{}/versions", create_version},
                               aws_route{"GET", "/provisioning-templates/{}/versions", list_versions},
                               aws_route{"GET", "/provisioning-templates/{}/versions/{}", describe_version},
                               aws_route{"DELETE", "/provisioning-templates/{}/versions/{}", delete_version}};

}  // namespace

aws_routes iot_template_routes() {
    return routes;
}

}  // namespace fleetline::rehearsal
