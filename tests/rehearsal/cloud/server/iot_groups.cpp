// SPDX-License-Identifier: Apache-2.0
// AWS IoT: thing groups.
#include <algorithm>
#include <array>

#include "server/aws_call.hpp"

namespace fleetline::rehearsal {
namespace {

using nlohmann::json;

std::string arn_of(const aws_call& call, const std::string& name) {
    return call.known.arn("thinggroup/" + name);
}

thing_group_record group_named(const aws_call& call, const std::string& name) {
    const auto found = call.known.thing_group(name);
    if (!found) throw not_found("Thing group " + name);
    return *found;
}

void take_properties(const aws_call& call, thing_group_record& row) {
    const json properties = call.object("thingGroupProperties");
    const json description = properties.value("thingGroupDescription", json(row.description));
    if (!description.is_string()) throw call.wrong("thingGroupDescription must be a string");
    row.description = description.get<std::string>();
    const json payload = properties.value("attributePayload", json::object());
    const json attributes = payload.is_object() ? payload.value("attributes", json()) : json();
    if (attributes.is_null()) return;
    if (!attributes.is_object()) throw call.wrong("attributes must be an object");
    json all = payload.value("merge", json(false)) == true ? json::parse(row.attributes) : json::object();
    all.update(attributes);
    row.attributes = all.dump();
}

json create(const aws_call& call) {
    thing_group_record row;
    row.name = call.names.at(0);
    check_name(call, "thingGroupName", row.name, 128, ":_-");
    row.parent = call.text("parentGroupName");
    if (!row.parent.empty()) group_named(call, row.parent);
    take_properties(call, row);
    if (const auto existing = call.known.thing_group(row.name)) {
        const bool same = existing->parent == row.parent && existing->description == row.description &&
                          existing->attributes == row.attributes;
        if (!same) throw already_exists("Thing group " + row.name);
    } else {
        call.known.put_thing_group(row);
        put_tags(call, arn_of(call, row.name));
    }
    return {{"thingGroupName", row.name},
            {"thingGroupArn", arn_of(call, row.name)},
            {"thingGroupId", call.known.thing_group(row.name)->id}};
}

json name_and_arn(const aws_call& call, const std::string& name) {
    return {{"groupName", name}, {"groupArn", arn_of(call, name)}};
}

json describe(const aws_call& call) {
    const thing_group_record row = group_named(call, call.names.at(0));
    json metadata = {{"creationDate", epoch_seconds(row.created_ms)}};
    json ancestors = json::array();
    for (std::string parent = row.parent; !parent.empty(); parent = group_named(call, parent).parent)
        ancestors.insert(ancestors.begin(), name_and_arn(call, parent));
    if (!row.parent.empty()) {
        metadata["parentGroupName"] = row.parent;
        metadata["rootToParentThingGroups"] = ancestors;
    }
    json properties = {{"attributePayload", {{"attributes", json::parse(row.attributes)}}}};
    if (!row.description.empty()) properties["thingGroupDescription"] = row.description;
    return {{"thingGroupName", row.name},
            {"thingGroupId", row.id},
            {"thingGroupArn", arn_of(call, row.name)},
            {"version", row.version},
            {"thingGroupProperties", properties},
            {"thingGroupMetadata", metadata}};
}

json update(const aws_call& call) {
    thing_group_record row = group_named(call, call.names.at(0));
    take_properties(call, row);
    ++row.version;
    call.known.put_thing_group(row);
    return {{"version", row.version}};
}

std::vector<thing_group_record> children_of(const aws_call& call, const std::string& name) {
    page all;
    all.limit = 1'000'000;
    std::vector<thing_group_record> rows = call.known.thing_groups(all);
    std::erase_if(rows, [&](const thing_group_record& row) { return row.parent != name; });
    return rows;
}

json remove(const aws_call& call) {
    const std::string& name = call.names.at(0);
    if (!call.known.thing_group(name)) return json::object();  // AWS says yes to deleting what is not there
    if (!children_of(call, name).empty())
        throw call.wrong("Cannot delete thing group : " + name +
                         " when there are still child groups attached to it");
    call.known.delete_thing_group(name);
    call.known.delete_tags(arn_of(call, name));
    return json::object();
}

bool wanted_by_query(const aws_call& call, const thing_group_record& row) {
    const std::string parent = call.query("parentGroup");
    if (!parent.empty() && row.parent != parent) return false;
    if (!call.query_truth("recursive", true) && parent.empty() && !row.parent.empty()) return false;
    return row.name.starts_with(call.query("namePrefixFilter"));
}

json list(const aws_call& call) {
    const page wanted = page_of(call, "maxResults", "nextToken");
    std::vector<thing_group_record> rows = call.known.thing_groups(one_more(wanted));
    const std::string more = cut_to(rows, wanted, [](const thing_group_record& row) { return row.name; });
    json groups = json::array();
    for (const thing_group_record& row : rows) {
        if (wanted_by_query(call, row)) groups.push_back(name_and_arn(call, row.name));
    }
    json answer = {{"thingGroups", groups}};
    add_token(answer, "nextToken", more);
    return answer;
}

json list_things(const aws_call& call) {
    const page wanted = page_of(call, "maxResults", "nextToken");
    const std::string group = group_named(call, call.names.at(0)).name;
    if (call.query_truth("recursive", false)) throw call.wrong("recursive is not part of the rehearsal");
    std::vector<std::string> rows = call.known.things_in_group(group, one_more(wanted));
    const std::string more = cut_to(rows, wanted, [](const std::string& row) { return row; });
    json answer = {{"things", rows}};
    add_token(answer, "nextToken", more);
    return answer;
}

std::string named(const aws_call& call, const char* name_key, const char* arn_key) {
    std::string name = call.text(name_key);
    if (!name.empty()) return name;
    const std::string arn = call.needed(arn_key);
    return arn.substr(arn.rfind('/') + 1);
}

std::string thing_in(const aws_call& call) {
    std::string thing = named(call, "thingName", "thingArn");
    if (!call.known.thing(thing)) throw not_found("Thing " + thing);
    return thing;
}

json add_thing(const aws_call& call) {
    const std::string group = group_named(call, named(call, "thingGroupName", "thingGroupArn")).name;
    call.known.add_to_group(thing_in(call), group);
    return json::object();
}

json remove_thing(const aws_call& call) {
    const std::string group = group_named(call, named(call, "thingGroupName", "thingGroupArn")).name;
    call.known.remove_from_group(thing_in(call), group);
    return json::object();
}

constexpr std::array routes = {aws_route{"PUT", "/thing-groups/addThingToThingGroup", add_thing},
                               aws_route{"PUT", "/thing-groups/removeThingFromThingGroup", remove_thing},
                               aws_route{"POST", "/thing-groups/{}", create},
                               aws_route{"GET", "/thing-groups/{}", describe},
                               aws_route{"PATCH", "/thing-groups/{}", update},
                               aws_route{"DELETE", "/thing-groups/{}", remove},
                               aws_route{"GET", "/thing-groups", list},
                               aws_route{"GET", "/thing-groups/{}/things", list_things}};

}  // namespace

aws_routes iot_group_routes() {
    return routes;
}

}  // namespace fleetline::rehearsal
