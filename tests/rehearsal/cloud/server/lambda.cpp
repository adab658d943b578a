// SPDX-License-Identifier: Apache-2.0
// Lambda: functions and who may invoke them. They are run only as pre-provisioning hooks (core/hook.hpp), so
// only Python is taken.
#include <algorithm>
#include <array>

#include "core/text.hpp"
#include "server/aws_call.hpp"

namespace fleetline::rehearsal {
namespace {

using nlohmann::json;

constexpr std::size_t most_zip_bytes = 50UL * 1024 * 1024;

std::string arn_of(const aws_call& call, const std::string& name) {
    return "arn:aws:lambda:" + call.known.region() + ":" + call.known.account() + ":function:" + name;
}

// A function may be named by itself, by ACCOUNT:function:NAME or by its ARN.
std::string name_in(const std::string& name_or_arn) {
    const std::vector<std::string> parts = split(name_or_arn, ':');
    for (std::size_t at = 0; at + 1 < parts.size(); ++at) {
        if (parts[at] == "function") return parts[at + 1];
    }
    return parts[0];
}

function_record function_of(const aws_call& call) {
    const std::string name = name_in(call.names.at(0));
    const auto found = call.known.function(name);
    if (!found) throw refusal{404, "ResourceNotFoundException", "Function not found: " + arn_of(call, name)};
    return *found;
}

// 2026-11-24T08:00:00.123+0000, the form Lambda alone uses.
std::string lambda_time(std::int64_t ms) {
    std::string text = rfc3339(ms);
    text.replace(text.size() - 1, 1, "+0000");
    return text;
}

json configuration(const aws_call& call, const function_record& function) {
    json document = {{"FunctionName", function.name},
                     {"FunctionArn", arn_of(call, function.name)},
                     {"Runtime", function.runtime},
                     {"Role", function.role_arn},
                     {"Handler", function.handler},
                     {"CodeSize", function.zip.size()},
                     {"Description", function.description},
                     {"Timeout", function.timeout_s},
                     {"MemorySize", function.memory_mib},
                     {"LastModified", lambda_time(function.modified_ms)},
                     {"CodeSha256", function.code_sha256},
                     {"Version", "$LATEST"},
                     {"TracingConfig", {{"Mode", "PassThrough"}}},
                     {"RevisionId", function.revision},
                     {"State", "Active"},
                     {"LastUpdateStatus", "Successful"},
                     {"PackageType", "Zip"},
                     {"Architectures", {"x86_64"}}};
    const json environment = json::parse(function.environment, nullptr, false);
    if (environment.is_object() && !environment.empty())
        document["Environment"] = {{"Variables", environment}};
    return document;
}

std::int64_t number(const aws_call& call, const char* key, std::int64_t otherwise, std::int64_t least,
                    std::int64_t most) {
    const auto found = call.body.find(key);
    if (found == call.body.end() || found->is_null()) return otherwise;
    if (!found->is_number_integer() || found->get<double>() < static_cast<double>(least) ||
        found->get<double>() > static_cast<double>(most)) {
        throw call.wrong(std::string{key} + " must be from " + std::to_string(least) + " to " +
                         std::to_string(most));
    }
    return found->get<std::int64_t>();
}

// The settings that a call may give; what it does not mention stays.
void take_settings(const aws_call& call, function_record& function) {
    if (call.body.contains("Runtime")) function.runtime = call.text("Runtime");
    if (call.body.contains("Handler")) function.handler = call.text("Handler");
    if (call.body.contains("Role")) function.role_arn = call.text("Role");
    if (call.body.contains("Description")) function.description = call.text("Description");
    function.timeout_s = number(call, "Timeout", function.timeout_s, 1, 900);
    function.memory_mib = number(call, "MemorySize", function.memory_mib, 128, 10240);
    if (call.body.contains("Environment")) {
        const json environment = call.object("Environment");
        const json variables = environment.value("Variables", json::object());
        if (!variables.is_object() || !std::all_of(variables.begin(), variables.end(),
                                                   [](const json& value) { return value.is_string(); })) {
            throw call.wrong("Environment.Variables must be a map of strings");
        }
        function.environment = variables.dump();
    }
    if (!function.runtime.starts_with("python3."))
        throw call.wrong("Runtime " + function.runtime + " is not part of the rehearsal; python3.x is");
    if (function.handler.find('.') == std::string::npos) throw call.wrong("Handler must be MODULE.FUNCTION");
    if (!may_assume(call.known, function.role_arn, "lambda.amazonaws.com"))
        throw call.wrong("The role defined for the function cannot be assumed by Lambda.");
}

std::string zip_in(const aws_call& call, const json& code) {
    const auto found = code.find("ZipFile");
    if (found == code.end() || !found->is_string())
        throw call.wrong("only code in ZipFile is part of the rehearsal");
    const auto zip = base64_decode(found->get<std::string>());
    if (!zip || zip->size() < 22 || !zip->starts_with("PK"))
        throw call.wrong("Could not unzip uploaded file. Please check your file, then try to upload again.");
    if (zip->size() > most_zip_bytes)
        throw refusal{413, "RequestTooLargeException", "the zip is larger than 50 MiB"};
    return *zip;
}

json create_function(const aws_call& call) {
    function_record function;
    function.name = name_in(call.needed("FunctionName"));
    check_name(call, "FunctionName", function.name, 64, "-_");
    if (call.known.function(function.name))
        throw refusal{409, "ResourceConflictException", "Function already exist: " + function.name};
    call.needed("Runtime");
    call.needed("Handler");
    call.needed("Role");
    take_settings(call, function);
    function.zip = zip_in(call, call.object("Code"));
    call.known.put_function(function);
    const json tags = call.object("Tags");  // named: a range-for does not keep the map alive under items()
    for (const auto& [key, value] : tags.items()) {
        if (value.is_string()) call.known.put_tag(arn_of(call, function.name), key, value.get<std::string>());
    }
    return configuration(call, *call.known.function(function.name));
}

json get_function(const aws_call& call) {
    const function_record function = function_of(call);
    json answer = {{"Configuration", configuration(call, function)}, {"Code", {{"RepositoryType", "S3"}}}};
    json tags = json::object();
    for (const auto& [key, value] : call.known.tags(arn_of(call, function.name))) tags[key] = value;
    if (!tags.empty()) answer["Tags"] = tags;
    return answer;
}

json get_function_configuration(const aws_call& call) {
    return configuration(call, function_of(call));
}

json list_functions(const aws_call& call) {
    const page wanted = page_of(call, "MaxItems", "Marker", 10'000);
    std::vector<function_record> rows = call.known.functions(one_more(wanted));
    const std::string more = cut_to(rows, wanted, [](const function_record& row) { return row.name; });
    json list = json::array();
    for (const function_record& row : rows) list.push_back(configuration(call, row));
    json answer = {{"Functions", list}};
    add_token(answer, "NextMarker", more);
    return answer;
}

json update_function_code(const aws_call& call) {
    function_record function = function_of(call);
    function.zip = zip_in(call, call.body);
    if (call.truth("DryRun", false)) return configuration(call, function);
    call.known.put_function(function);
    return configuration(call, *call.known.function(function.name));
}

json update_function_configuration(const aws_call& call) {
    function_record function = function_of(call);
    take_settings(call, function);
    call.known.put_function(function);
    return configuration(call, *call.known.function(function.name));
}

json delete_function(const aws_call& call) {
    const std::string name = function_of(call).name;
    call.known.delete_function(name);
    call.known.delete_tags(arn_of(call, name));
    return {};
}

json statement(const aws_call& call, const std::string& function, const permission_record& row) {
    json document = {{"Sid", row.statement_id},
                     {"Effect", "Allow"},
                     {"Principal", {{"Service", row.principal}}},
                     {"Action", row.action},
                     {"Resource", arn_of(call, function)}};
    json condition = json::object();
    if (!row.source_arn.empty()) condition["ArnLike"] = {{"AWS:SourceArn", row.source_arn}};
    if (!row.source_account.empty()) condition["StringEquals"] = {{"AWS:SourceAccount", row.source_account}};
    if (!condition.empty()) document["Condition"] = condition;
    return document;
}

json add_permission(const aws_call& call) {
    const std::string function = function_of(call).name;
    const permission_record row{call.needed("StatementId"), call.needed("Action"), call.needed("Principal"),
                                call.text("SourceArn"), call.text("SourceAccount")};
    check_name(call, "StatementId", row.statement_id, 100, "-_.");
    if (!row.action.starts_with("lambda:") && row.action != "*")
        throw call.wrong("Action must be lambda:... or *");
    for (const permission_record& one : call.known.permissions(function)) {
        if (one.statement_id == row.statement_id) {
            throw refusal{409, "ResourceConflictException",
                          "The statement id (" + row.statement_id +
                              ") provided already exists. Please provide a new statement id, or remove the "
                              "existing statement."};
        }
    }
    call.known.put_permission(function, row);
    return {{"Statement", statement(call, function, row).dump()}};
}

json get_policy(const aws_call& call) {
    const function_record function = function_of(call);
    json statements = json::array();
    for (const permission_record& row : call.known.permissions(function.name))
        statements.push_back(statement(call, function.name, row));
    if (statements.empty())
        throw refusal{404, "ResourceNotFoundException", "The resource you requested does not exist."};
    const json document = {{"Version", "2012-10-17"}, {"Id", "default"}, {"Statement", statements}};
    return {{"Policy", document.dump()}, {"RevisionId", function.revision}};
}

json remove_permission(const aws_call& call) {
    const std::string function = function_of(call).name;
    for (const permission_record& row : call.known.permissions(function)) {
        if (row.statement_id != call.names.at(1)) continue;
        call.known.delete_permission(function, row.statement_id);
        return {};
    }
    throw refusal{404, "ResourceNotFoundException",
                  "Statement " + call.names.at(1) + " is not found in resource policy."};
}

constexpr std::array routes = {
    aws_route{"POST", "/2015-03-31/functions", create_function, 201},
    aws_route{"GET", "/2015-03-31/functions", list_functions},
    aws_route{"GET", "/2015-03-31/functions/{}", get_function},
    aws_route{"DELETE", "/2015-03-31/functions/{}", delete_function, 204},
    aws_route{"GET", "/2015-03-31/functions/{}/configuration", get_function_configuration},
    aws_route{"PUT", "/2015-03-31/functions/{}/configuration", update_function_configuration},
    aws_route{"PUT", "/2015-03-31/functions/{}/code", update_function_code},
    aws_route{"POST", "/2015-03-31/functions/{}/policy", add_permission, 201},
    aws_route{"GET", "/2015-03-31/functions/{}/policy", get_policy},
    aws_route{"DELETE", "/2015-03-31/functions/{}/policy/{}", remove_permission, 204}};

}  // namespace

aws_routes lambda_routes() {
    return routes;
}

}  // namespace fleetline::rehearsal
