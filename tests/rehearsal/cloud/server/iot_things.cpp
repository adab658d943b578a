// SPDX-License-Identifier: Apache-2.0
// AWS IoT: things and their principals.
#include <algorithm>
#include <array>

#include "server/aws_call.hpp"

namespace fleetline::rehearsal {
namespace {

using nlohmann::json;

constexpr std::string_view name_characters = ":_-";
constexpr std::size_t attributes_without_type = 3;
constexpr std::size_t attributes_with_type = 50;

std::string arn_of(const aws_call& call, const std::string& name) {
    return call.known.arn("thing/" + name);
}

thing_record thing_of(const aws_call& call) {
    const auto found = call.known.thing(call.names.at(0));
    if (!found) throw not_found("Thing " + call.names.at(0));
    return *found;
}

void take_type(const aws_call& call, thing_record& row) {
    row.type = call.text("thingTypeName");
    if (row.type.empty()) return;
    const auto type = call.known.thing_type(row.type);
    if (!type) throw not_found("Thing type " + row.type);
    if (type->deprecated) throw call.wrong("thing type " + row.type + " is deprecated");
}

// An empty value takes the attribute away.
void take_attributes(const aws_call& call, thing_record& row) {
    const json payload = call.object("attributePayload");
    const json attributes = payload.value("attributes", json::object());
    if (!attributes.is_object()) throw call.wrong("attributes must be an object");
    if (payload.contains("attributes") && payload.value("merge", json(false)) != true) row.attributes.clear();
    for (const auto& [name, value] : attributes.items()) {
        check_name(call, "an attribute's name", name, 128, "_.,@/:#-");
        if (!value.is_string()) throw call.wrong("attribute " + name + " must be a string");
        const std::string text = value.get<std::string>();
        if (text.empty()) {
            row.attributes.erase(name);
            continue;
        }
        check_name(call, "the value of attribute " + name, text, 800, "_.,@/:#-");
        row.attributes[name] = text;
    }
    if (row.attributes.size() > (row.type.empty() ? attributes_without_type : attributes_with_type))
        throw call.wrong("too many attributes: 3 without a thing type, 50 with one");
}

void take_billing_group(const aws_call& call, thing_record& row) {
    row.billing_group = call.text("billingGroupName");
    if (!row.billing_group.empty() && !call.known.billing_group(row.billing_group))
        throw not_found("Billing group " + row.billing_group);
}

json create(const aws_call& call) {
    thing_record row;
    row.name = call.names.at(0);
    check_name(call, "thingName", row.name, 128, name_characters);
    take_type(call, row);
    take_attributes(call, row);
    take_billing_group(call, row);
    if (const auto existing = call.known.thing(row.name)) {
        const bool same = existing->type == row.type && existing->attributes == row.attributes &&
                          existing->billing_group == row.billing_group;
        if (!same) throw already_exists("Thing " + row.name);
    } else {
        call.known.put_thing(row);
    }
    return {{"thingName", row.name},
            {"thingArn", arn_of(call, row.name)},
            {"thingId", call.known.thing(row.name)->id}};
}

json summary(const aws_call& call, const thing_record& row) {
    json document = {{"thingName", row.name},
                     {"thingArn", arn_of(call, row.name)},
                     {"attributes", row.attributes},
                     {"version", row.version}};
    if (!row.type.empty()) document["thingTypeName"] = row.type;
    return document;
}

json describe(const aws_call& call) {
    const thing_record row = thing_of(call);
    json answer = summary(call, row);
    answer["thingId"] = row.id;
    answer["defaultClientId"] = row.name;
    if (!row.billing_group.empty()) answer["billingGroupName"] = row.billing_group;
    return answer;
}

void check_version(const aws_call& call, const thing_record& row, const std::string& expected) {
    if (expected.empty() || expected == std::to_string(row.version)) return;
    throw refusal{409, "VersionConflictException",
                  "thing " + call.names.at(0) + " has version " + std::to_string(row.version)};
}

json update(const aws_call& call) {
    thing_record row = thing_of(call);
    check_version(call, row,
                  call.body.contains("expectedVersion") ? call.body.at("expectedVersion").dump() : "");
    if (call.truth("removeThingType", false)) {
        row.type.clear();
    } else if (call.body.contains("thingTypeName")) {
        take_type(call, row);
    }
    take_attributes(call, row);
    ++row.version;
    call.known.put_thing(row);
    return json::object();
}

json remove(const aws_call& call) {
    const auto row = call.known.thing(call.names.at(0));
    if (!row) return json::object();  // AWS says yes to deleting what is not there
    check_version(call, *row, call.query("expectedVersion"));
    if (!call.known.principals_of(row->name).empty())
        throw call.wrong("Cannot delete. Thing " + row->name +
                         " is still attached to one or more principals");
    call.known.delete_thing(row->name);
    return json::object();
}

bool wanted_by_query(const aws_call& call, const thing_record& row) {
    const std::string type = call.query("thingTypeName");
    if (!type.empty() && row.type != type) return false;
    const std::string name = call.query("attributeName");
    if (name.empty()) return true;
    const auto found = row.attributes.find(name);
    if (found == row.attributes.end()) return false;
    const std::string value = call.query("attributeValue");
    return call.query_truth("usePrefixAttributeValue", false) ? found->second.starts_with(value)
                                                              : found->second == value;
}

json list(const aws_call& call) {
    const page wanted = page_of(call, "maxResults", "nextToken");
    std::vector<thing_record> rows = call.known.things(one_more(wanted));
    const std::string more = cut_to(rows, wanted, [](const thing_record& row) { return row.name; });
    json things = json::array();
    for (const thing_record& row : rows) {
        if (wanted_by_query(call, row)) things.push_back(summary(call, row));
    }
    json answer = {{"things", things}};
    add_token(answer, "nextToken", more);
    return answer;
}

// The certificate that the x-amzn-principal header names by its ARN.
std::string principal_of(const aws_call& call) {
    const std::string arn = call.header("x-amzn-principal");
    const std::string prefix = call.known.arn("cert/");
    if (!arn.starts_with(prefix))
        throw call.wrong("the principal must be the ARN of a certificate here: " + arn);
    std::string id = arn.substr(prefix.size());
    if (!call.known.certificate(id)) throw not_found("Certificate " + id);
    return id;
}

json list_principals(const aws_call& call) {
    json principals = json::array();
    for (const std::string& id : call.known.principals_of(thing_of(call).name))
        principals.push_back(call.known.arn("cert/" + id));
    return {{"principals", principals}};
}

json attach_principal(const aws_call& call) {
    call.known.attach_principal(thing_of(call).name, principal_of(call));
    return json::object();
}

json detach_principal(const aws_call& call) {
    call.known.detach_principal(thing_of(call).name, principal_of(call));
    return json::object();
}

json list_things_of_principal(const aws_call& call) {
    return {{"things", call.known.things_of(principal_of(call))}};
}

json list_groups_of_thing(const aws_call& call) {
    json groups = json::array();
    for (const std::string& group : call.known.groups_of(thing_of(call).name))
        groups.push_back({{"groupName", group}, {"groupArn", call.known.arn("thinggroup/" + group)}});
    return {{"thingGroups", groups}};
}

constexpr std::array routes = {aws_route{"POST", "/things/{}", create},
                               aws_route{"GET", "/things/{}", describe},
                               aws_route{"PATCH", "/things/{}", update},
                               aws_route{"DELETE", "/things/{}", remove},
                               aws_route{"GET", "/things", list},
                               aws_route{"GET", "/things/{}/principals", list_principals},
                               aws_route{"PUT", "/things/{}/principals", attach_principal},
                               aws_route{"DELETE", "/things/{}/principals", detach_principal},
                               aws_route{"GET", "/things/{}/thing-groups", list_groups_of_thing},
                               aws_route{"GET", "/principals/things", list_things_of_principal}};

}  // namespace

aws_routes iot_thing_routes() {
    return routes;
}

}  // namespace fleetline::rehearsal
