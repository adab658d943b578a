// SPDX-License-Identifier: Apache-2.0
// AWS IoT: thing types, billing groups, tags, and where the broker is.
#include <algorithm>
#include <array>

#include "core/limits.hpp"
#include "server/aws_call.hpp"

namespace fleetline::rehearsal {
namespace {

using nlohmann::json;

std::string type_arn(const aws_call& call, const std::string& name) {
    return call.known.arn("thingtype/" + name);
}

thing_type_record type_of(const aws_call& call) {
    const auto found = call.known.thing_type(call.names.at(0));
    if (!found) throw not_found("Thing type " + call.names.at(0));
    return *found;
}

// When a type was deprecated, in milliseconds; beside the tables, because only the deletion asks.
std::string deprecation_key(const std::string& type) {
    return "deprecated:" + type;
}

std::int64_t deprecated_at(const aws_call& call, const std::string& type) {
    return std::stoll(call.known.meta(deprecation_key(type)).value_or("0"));
}

json create_type(const aws_call& call) {
    thing_type_record row;
    row.name = call.names.at(0);
    check_name(call, "thingTypeName", row.name, 128, ":_-");
    const json properties = call.object("thingTypeProperties");
    const json description = properties.value("thingTypeDescription", json(""));
    const json searchable = properties.value("searchableAttributes", json::array());
    if (!description.is_string() || !searchable.is_array() || searchable.size() > 3)
        throw call.wrong("thingTypeProperties: a description and at most 3 searchableAttributes");
    row.description = description.get<std::string>();
    row.searchable_attributes = searchable.dump();
    if (const auto existing = call.known.thing_type(row.name)) {
        const bool same = existing->description == row.description &&
                          existing->searchable_attributes == row.searchable_attributes;
        if (!same) throw already_exists("Thing type " + row.name);
    } else {
        call.known.put_thing_type(row);
        put_tags(call, type_arn(call, row.name));
    }
    return {{"thingTypeName", row.name},
            {"thingTypeArn", type_arn(call, row.name)},
            {"thingTypeId", call.known.thing_type(row.name)->id}};
}

json type_as_json(const aws_call& call, const thing_type_record& row) {
    json metadata = {{"deprecated", row.deprecated}, {"creationDate", epoch_seconds(row.created_ms)}};
    if (row.deprecated) metadata["deprecationDate"] = epoch_seconds(deprecated_at(call, row.name));
    return {{"thingTypeName", row.name},
            {"thingTypeArn", type_arn(call, row.name)},
            {"thingTypeProperties",
             {{"thingTypeDescription", row.description},
              {"searchableAttributes", json::parse(row.searchable_attributes)}}},
            {"thingTypeMetadata", metadata}};
}

json describe_type(const aws_call& call) {
    const thing_type_record row = type_of(call);
    json answer = type_as_json(call, row);
    answer["thingTypeId"] = row.id;
    return answer;
}

json list_types(const aws_call& call) {
    const page wanted = page_of(call, "maxResults", "nextToken");
    std::vector<thing_type_record> rows = call.known.thing_types(one_more(wanted));
    const std::string more = cut_to(rows, wanted, [](const thing_type_record& row) { return row.name; });
    const std::string only = call.query("thingTypeName");
    json types = json::array();
    for (const thing_type_record& row : rows) {
        if (only.empty() || row.name == only) types.push_back(type_as_json(call, row));
    }
    json answer = {{"thingTypes", types}};
    add_token(answer, "nextToken", more);
    return answer;
}

json deprecate_type(const aws_call& call) {
    thing_type_record row = type_of(call);
    const bool deprecated = !call.truth("undoDeprecate", false);
    if (deprecated && !row.deprecated)
        call.known.set_meta(deprecation_key(row.name), std::to_string(call.known.now_ms()));
    row.deprecated = deprecated;
    call.known.put_thing_type(row);
    return json::object();
}

json delete_type(const aws_call& call) {
    const thing_type_record row = type_of(call);
    if (!row.deprecated) {
        throw call.wrong("Can not delete thing type : " + row.name + " since it is not deprecated");
    }
    const std::int64_t wait_s = read_limits(call.known).thing_type_deletion_wait_s;
    if (call.known.now_ms() < deprecated_at(call, row.name) + wait_s * 1000) {
        throw call.wrong("Please wait for " + std::to_string(wait_s) +
                         " seconds after deprecation and then retry the request for deleting thing type " +
                         row.name);
    }
    page all;
    all.limit = 1'000'000;
    const std::vector<thing_record> things = call.known.things(all);
    if (std::any_of(things.begin(), things.end(),
                    [&](const thing_record& thing) { return thing.type == row.name; })) {
        throw call.wrong("Can not delete thing type : " + row.name + " while it is associated with things");
    }
    call.known.delete_thing_type(row.name);
    call.known.delete_tags(type_arn(call, row.name));
    return json::object();
}

json create_billing_group(const aws_call& call) {
    billing_group_record row;
    row.name = call.names.at(0);
    check_name(call, "billingGroupName", row.name, 128, ":_-");
    const json description = call.object("billingGroupProperties").value("billingGroupDescription", json(""));
    if (!description.is_string()) throw call.wrong("billingGroupDescription must be a string");
    row.description = description.get<std::string>();
    const auto existing = call.known.billing_group(row.name);
    if (existing && existing->description != row.description)
        throw already_exists("Billing group " + row.name);
    if (!existing) call.known.put_billing_group(row);
    return {{"billingGroupName", row.name},
            {"billingGroupArn", call.known.arn("billinggroup/" + row.name)},
            {"billingGroupId", call.known.billing_group(row.name)->id}};
}

json describe_billing_group(const aws_call& call) {
    const auto row = call.known.billing_group(call.names.at(0));
    if (!row) throw not_found("Billing group " + call.names.at(0));
    return {{"billingGroupName", row->name},
            {"billingGroupArn", call.known.arn("billinggroup/" + row->name)},
            {"billingGroupId", row->id},
            {"version", row->version},
            {"billingGroupProperties", {{"billingGroupDescription", row->description}}},
            {"billingGroupMetadata", {{"creationDate", epoch_seconds(row->created_ms)}}}};
}

json tag(const aws_call& call) {
    put_tags(call, call.needed("resourceArn"));
    return json::object();
}

json untag(const aws_call& call) {
    const std::string arn = call.needed("resourceArn");
    for (const json& key : call.body.value("tagKeys", json::array())) {
        if (key.is_string()) call.known.delete_tag(arn, key.get<std::string>());
    }
    return json::object();
}

json list_tags(const aws_call& call) {
    json tags = json::array();
    for (const auto& [key, value] : call.known.tags(call.query("resourceArn")))
        tags.push_back({{"Key", key}, {"Value", value}});
    return {{"tags", tags}};
}

json describe_endpoint(const aws_call& call) {
    const std::string type = call.query("endpointType");
    if (!type.empty() && type != "iot:Data" && type != "iot:Data-ATS")
        throw call.wrong("endpoint type " + type + " is not part of the rehearsal; iot:Data-ATS is");
    return {{"endpointAddress", call.context.endpoint}};
}

constexpr std::array routes = {aws_route{"POST", "/thing-types/{}", create_type},
                               aws_route{"GET", "/thing-types/{}", describe_type},
                               aws_route{"GET", "/thing-types", list_types},
                               aws_route{"POST", "/thing-types/{}/deprecate", deprecate_type},
                               aws_route{"DELETE", "/thing-types/{}", delete_type},
                               aws_route{"POST", "/billing-groups/{}", create_billing_group},
                               aws_route{"GET", "/billing-groups/{}", describe_billing_group},
                               aws_route{"POST", "/tags", tag},
                               aws_route{"POST", "/untag", untag},
                               aws_route{"GET", "/tags", list_tags},
                               aws_route{"GET", "/endpoint", describe_endpoint}};

}  // namespace

aws_routes iot_other_routes() {
    return routes;
}

}  // namespace fleetline::rehearsal
