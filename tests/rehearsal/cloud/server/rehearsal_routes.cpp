// SPDX-License-Identifier: Apache-2.0
#include "server/rehearsal_routes.hpp"

#include <charconv>
#include <nlohmann/json.hpp>

#include "core/faults.hpp"
#include "core/limits.hpp"
#include "core/payload.hpp"
#include "core/refusal.hpp"
#include "server/supervisor.hpp"

namespace fleetline::rehearsal {
namespace {

using nlohmann::json;

constexpr std::string_view faults_path = "/rehearsal/faults";
constexpr std::string_view limits_path = "/rehearsal/limits";

http_response answer(const json& body, int status = 200) {
    http_response response;
    response.status = status;
    response.body = body.dump(2) + "\n";
    return response;
}

json fault_as_json(const fault_record& row) {
    json fault = json::parse(row.spec);
    fault["id"] = row.id;
    fault["hits"] = row.hits;
    fault["remaining"] = row.remaining ? json(*row.remaining) : json();
    return fault;
}

std::int64_t add_one(supervisor& cloud, registry& known, const json& document) {
    const fault_spec fault = parse_fault(document);
    if (fault.kind == fault_kind::outage) cloud.begin_outage(fault.freeze, fault.seconds);
    return known.add_fault(document.dump(), fault.skip, fault.count);
}

// One fault or a list of them, all or none.
http_response add_faults(supervisor& cloud, registry& known, const std::string& body) {
    const json document = decode(body, encoding::json);
    const json list = document.is_array() ? document : json::array({document});
    for (const json& one : list) parse_fault(one);
    json ids = json::array();
    for (const json& one : list) ids.push_back(add_one(cloud, known, one));
    return answer(document.is_array() ? json{{"ids", ids}} : json{{"id", ids.at(0)}}, 201);
}

bool is_outage(const fault_record& row) {
    return json::parse(row.spec).value("kind", "") == "outage";
}

http_response remove_faults(supervisor& cloud, registry& known, std::string_view id_text) {
    std::int64_t wanted = 0;
    const auto [end, error] = std::from_chars(id_text.data(), id_text.data() + id_text.size(), wanted);
    if (!id_text.empty() && (error != std::errc{} || end != id_text.data() + id_text.size())) {
        throw refusal{404, "ResourceNotFound", "no such fault"};
    }
    std::size_t removed = 0;
    for (const fault_record& row : known.faults()) {
        if (!id_text.empty() && row.id != wanted) continue;
        if (is_outage(row)) cloud.end_outage();
        known.delete_fault(row.id);
        ++removed;
    }
    if (!id_text.empty() && removed == 0) throw refusal{404, "ResourceNotFound", "no such fault"};
    return answer({{"removed", removed}});
}

http_response faults(supervisor& cloud, registry& known, const http_request& request) {
    if (request.method == "POST" && request.path == faults_path)
        return add_faults(cloud, known, request.body);
    if (request.method == "DELETE") {
        const std::string rest = request.path.substr(faults_path.size());
        return remove_faults(cloud, known,
                             rest.empty() ? std::string_view{} : std::string_view{rest}.substr(1));
    }
    if (request.method != "GET") throw refusal{405, "MethodNotAllowed", "GET, POST or DELETE"};
    json list = json::array();
    for (const fault_record& row : known.faults()) {
        if (is_outage(row) && !cloud.is_away()) {  // its time is over
            known.delete_fault(row.id);
        } else {
            list.push_back(fault_as_json(row));
        }
    }
    return answer(list);
}

http_response limits_route(registry& known, const http_request& request) {
    if (request.method == "PUT" || request.method == "POST") {
        const json document = decode(request.body, encoding::json);
        if (!document.is_object()) throw refusal{400, "InvalidRequest", "an object of limits and numbers"};
        for (const auto& [name, value] : document.items()) {
            bool found = false;
            for (const named_limit& one : limit_names) found = found || name == one.name;
            if (!found || !value.is_number_integer())
                throw refusal{400, "InvalidRequest", "no such limit: " + name};
        }
        for (const auto& [name, value] : document.items()) known.set_limit(name, value.get<std::int64_t>());
    }
    const limits current = read_limits(known);
    json document;
    for (const named_limit& one : limit_names) document[one.name] = current.*one.value;
    return answer(document);
}

}  // namespace

http_response rehearsal_routes(supervisor& cloud, registry& known, const http_request& request) {
    try {
        if (request.path == faults_path || request.path.starts_with(std::string{faults_path} + "/")) {
            return faults(cloud, known, request);
        }
        if (request.path == limits_path) return limits_route(known, request);
        if (request.path == "/rehearsal/status") {
            return answer(
                {{"mqttPort", cloud.mqtt_port()}, {"account", known.account()}, {"region", known.region()}});
        }
        throw refusal{404, "ResourceNotFound", "faults, limits and status are here"};
    } catch (const refusal& no) {
        return answer({{"errorCode", no.code()}, {"errorMessage", no.what()}}, no.status());
    }
}

}  // namespace fleetline::rehearsal
