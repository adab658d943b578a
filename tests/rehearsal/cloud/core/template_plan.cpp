// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/payload.hpp"
#include "core/policy.hpp"
#include "core/provisioning_template.hpp"
#include "core/refusal.hpp"
#include "core/template_functions.hpp"
#include "core/text.hpp"

namespace fleetline::rehearsal {
namespace {

using nlohmann::json;

constexpr std::size_t max_name = 128;
constexpr std::size_t max_attribute_value = 800;
constexpr std::size_t max_parameter_key = 2048;
constexpr std::size_t max_parameter_value = 4096;
constexpr std::size_t attributes_without_type = 3;
constexpr std::size_t attributes_with_type = 50;
constexpr std::size_t max_policies = 10;

bool consists_of(const std::string& text, std::string_view extra) {
    return std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               extra.find(c) != std::string_view::npos;
    });
}

std::string checked_name(std::string name, const std::string& what) {
    if (name.empty() || name.size() > max_name || !consists_of(name, ":_-")) {
        throw invalid_parameters(what +
                                 " must be 1 to 128 of a-z, A-Z, 0-9, colon, underscore, hyphen: " + name);
    }
    return name;
}

// "Active" and "ACTIVE", "ATTRIBUTE_PAYLOAD" and "AttributePayload" are the same to AWS's own documents.
std::string plain(const std::string& text) {
    std::string result;
    for (const char c : text) {
        if (c != '_') result += static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
    }
    return result;
}

override_setting setting(const json& resource, const std::string& key) {
    const auto settings = resource.find("OverrideSettings");
    if (settings == resource.end()) return override_setting::unstated;
    for (const auto& [name, value] : settings->items()) {
        if (plain(name) != plain(key) || !value.is_string()) continue;
        const std::string text = plain(value.get<std::string>());
        if (text == "DONOTHING") return override_setting::do_nothing;
        if (text == "REPLACE") return override_setting::replace;
        if (text == "FAIL") return override_setting::fail;
        if (text == "MERGE") return override_setting::merge;
    }
    return override_setting::unstated;
}

string_map attributes_of(const json& node, const resolver& values) {
    const json resolved = values.resolve(node);
    if (!resolved.is_object()) throw invalid_parameters("AttributePayload must be a map.");
    string_map attributes;
    for (const auto& [name, value] : resolved.items()) {
        if (name.empty() || name.size() > max_name || !consists_of(name, "_.,@/:#-")) {
            throw invalid_parameters("The attribute name is not valid: " + name);
        }
        if (!value.is_string()) throw invalid_parameters("The attribute must be a string: " + name);
        std::string text = value.get<std::string>();
        if (text.size() > max_attribute_value || !consists_of(text, "_.,@/:#-")) {
            throw invalid_parameters("The value of the attribute is not valid: " + name);
        }
        attributes.emplace(name, std::move(text));
    }
    return attributes;
}

thing_plan thing_of(const json& resource, const resolver& values) {
    const json& properties = resource.at("Properties");
    thing_plan plan;
    plan.name = checked_name(values.text(properties.value("ThingName", json{}), "ThingName"), "ThingName");
    if (properties.contains("AttributePayload")) {
        plan.attributes = attributes_of(properties.at("AttributePayload"), values);
    }
    if (properties.contains("ThingTypeName")) {
        plan.type =
            checked_name(values.text(properties.at("ThingTypeName"), "ThingTypeName"), "ThingTypeName");
    }
    const std::size_t allowed = plan.type.empty() ? attributes_without_type : attributes_with_type;
    if (plan.attributes.size() > allowed) {
        throw invalid_parameters("A thing " + std::string{plan.type.empty() ? "without" : "with"} +
                                 " a type may have at most " + std::to_string(allowed) + " attributes.");
    }
    const json groups = values.resolve(properties.value("ThingGroups", json::array()));
    if (!groups.is_array()) throw invalid_parameters("ThingGroups must be a list.");
    for (const json& group : groups)
        plan.groups.push_back(checked_name(values.text(group, "A thing group"), "A thing group"));
    if (properties.contains("BillingGroup")) {
        plan.billing_group =
            checked_name(values.text(properties.at("BillingGroup"), "BillingGroup"), "BillingGroup");
    }
    plan.on_attributes = setting(resource, "AttributePayload");
    plan.on_type = setting(resource, "ThingTypeName");
    plan.on_groups = setting(resource, "ThingGroups");
    return plan;
}

std::string status_of(const json& properties, const resolver& values) {
    if (!properties.contains("Status")) return "ACTIVE";
    const std::string status = plain(values.text(properties.at("Status"), "Status"));
    if (status != "ACTIVE" && status != "INACTIVE") {
        throw invalid_parameters("The status of the certificate must be ACTIVE or INACTIVE.");
    }
    return status;
}

policy_plan policy_of(const json& properties, const resolver& values) {
    if (properties.contains("PolicyName"))
        return {values.text(properties.at("PolicyName"), "PolicyName"), {}};
    const json document = values.resolve(properties.value("PolicyDocument", json{}));
    std::string text = document.is_string() ? document.get<std::string>() : document.dump();
    try {
        parse_policy(text);
    } catch (const refusal& problem) {
        throw invalid_parameters(std::string{"The policy document is not valid: "} + problem.what());
    }
    return {sha256_hex(text), std::move(text)};
}

string_map effective_parameters(const json& body, const string_map& given,
                                const std::string& certificate_id) {
    string_map all;
    const json declared = body.value("Parameters", json::object());
    for (const auto& [name, declaration] : declared.items()) {
        if (declaration.contains("Default")) all[name] = declaration.at("Default").get<std::string>();
    }
    for (const auto& [name, value] : given) {
        if (name.empty() || name.size() > max_parameter_key || value.size() > max_parameter_value) {
            throw invalid_parameters("A parameter's name or value is too long.");
        }
        // The reserved names are AWS's to set, whatever a device sends.
        if (!name.starts_with("AWS::")) all[name] = value;
    }
    all["AWS::IoT::Certificate::Id"] = certificate_id;
    return all;
}

string_map device_configuration(const json& body, const resolver& values) {
    string_map configuration;
    const json declared = body.value("DeviceConfiguration", json::object());
    for (const auto& [name, value] : declared.items()) {
        configuration[name] = values.text(value, "The device configuration's " + name);
    }
    return configuration;
}

}  // namespace

provisioning_plan plan_of(const std::string& body, const string_map& parameters,
                          const std::string& certificate_id) {
    const json document = decode(body, encoding::json);
    const string_map known = effective_parameters(document, parameters, certificate_id);
    const json mappings = document.value("Mappings", json::object());
    const resolver values{known, mappings};
    provisioning_plan plan;
    for (const auto& [name, resource] : document.at("Resources").items()) {
        const std::string type = resource.at("Type").get<std::string>();
        const json& properties = resource.at("Properties");
        if (type == "AWS::IoT::Thing") {
            plan.thing = thing_of(resource, values);
        } else if (type == "AWS::IoT::Certificate") {
            plan.certificate_status = status_of(properties, values);
            plan.on_status = setting(resource, "Status");
        } else {
            plan.policies.push_back(policy_of(properties, values));
        }
    }
    if (plan.policies.size() > max_policies)
        throw invalid_parameters("More than 10 policies for one certificate.");
    plan.device_configuration = device_configuration(document, values);
    return plan;
}

}  // namespace fleetline::rehearsal
