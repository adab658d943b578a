// SPDX-License-Identifier: Apache-2.0
// What is refused when a template is created: its shape. Whether its references resolve shows at
// registration, as in AWS.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <span>

#include "core/payload.hpp"
#include "core/policy.hpp"
#include "core/provisioning_template.hpp"
#include "core/refusal.hpp"
#include "core/template_functions.hpp"

namespace fleetline::rehearsal {
namespace {

using nlohmann::json;
using names = std::span<const char* const>;

constexpr std::size_t max_body = 10240;

refusal invalid(const std::string& why) {
    return {400, "InvalidRequestException", "Invalid template: " + why};
}

void only_keys(const json& node, names known, const std::string& where) {
    if (!node.is_object()) throw invalid(where + " must be an object");
    for (const auto& [key, value] : node.items()) {
        if (std::find(known.begin(), known.end(), key) == known.end()) {
            throw invalid("\"" + key + "\" does not belong in " + where);
        }
    }
}

// Functions anywhere below must be known ones and alone in their object.
void check_functions(const json& node, const std::string& where) {
    if (!node.is_structured()) return;
    static constexpr std::array known = {"Fn::Join", "Fn::Select", "Fn::FindInMap", "Fn::Split", "Fn::Sub"};
    if (node.is_object()) {
        for (const auto& [key, value] : node.items()) {
            const bool function = key == "Ref" || key.starts_with("Fn::");
            if (!function) continue;
            if (node.size() != 1) throw invalid(key + " must stand alone in its object, in " + where);
            if (key == "Ref" && !value.is_string()) throw invalid("Ref needs a name, in " + where);
            if (key != "Ref" && std::find(known.begin(), known.end(), key) == known.end()) {
                throw invalid(key + " is not a function, in " + where);
            }
        }
    }
    for (const json& child : node) check_functions(child, where);
}

void check_parameters(const json& parameters) {
    if (!parameters.is_object()) throw invalid("Parameters must be an object");
    static constexpr std::array known = {"Type", "Default"};
    for (const auto& [name, declaration] : parameters.items()) {
        only_keys(declaration, known, "parameter " + name);
        if (declaration.value("Type", json{}) != "String")
            throw invalid("parameter " + name + " must have Type String");
        if (declaration.contains("Default") && !declaration.at("Default").is_string()) {
            throw invalid("the default of parameter " + name + " must be a string");
        }
    }
}

void check_mappings(const json& mappings) {
    if (!mappings.is_object()) throw invalid("Mappings must be an object");
    for (const auto& [map, keys] : mappings.items()) {
        if (!keys.is_object()) throw invalid("mapping " + map + " must be an object");
        for (const auto& [key, values] : keys.items()) {
            if (!values.is_object()) throw invalid("mapping " + map + "." + key + " must be an object");
            for (const json& value : values) {
                if (!value.is_string())
                    throw invalid("mapping " + map + "." + key + " must hold strings; no functions");
            }
        }
    }
}

void check_overrides(const json& resource, names keys, names merging, const std::string& where) {
    const auto settings = resource.find("OverrideSettings");
    if (settings == resource.end()) return;
    only_keys(*settings, keys, "OverrideSettings of " + where);
    for (const auto& [key, value] : settings->items()) {
        const bool may_merge = std::find(merging.begin(), merging.end(), key) != merging.end();
        if (value != "DO_NOTHING" && value != "REPLACE" && value != "FAIL" &&
            !(may_merge && value == "MERGE")) {
            throw invalid("OverrideSettings of " + where + ": " + key + " cannot be " + value.dump());
        }
    }
}

void check_thing(const json& resource, const std::string& where) {
    static constexpr std::array properties = {"ThingName", "AttributePayload", "ThingTypeName", "ThingGroups",
                                              "BillingGroup"};
    static constexpr std::array overrides = {"AttributePayload",  "ThingTypeName",   "ThingGroups",
                                             "ATTRIBUTE_PAYLOAD", "THING_TYPE_NAME", "THING_GROUPS"};
    static constexpr std::array merging = {"AttributePayload", "ThingGroups", "ATTRIBUTE_PAYLOAD",
                                           "THING_GROUPS"};
    only_keys(resource.at("Properties"), properties, where);
    if (!resource.at("Properties").contains("ThingName")) throw invalid(where + " needs a ThingName");
    check_overrides(resource, overrides, merging, where);
}

void check_certificate(const json& resource, const std::string& where) {
    static constexpr std::array properties = {"CertificateId", "Status"};
    static constexpr std::array overrides = {"Status", "STATUS"};
    only_keys(resource.at("Properties"), properties, where);
    if (resource.at("Properties").value("CertificateId", json{}) !=
        json{{"Ref", "AWS::IoT::Certificate::Id"}}) {
        throw invalid(where + " needs CertificateId {\"Ref\": \"AWS::IoT::Certificate::Id\"}");
    }
    check_overrides(resource, overrides, {}, where);
}

void check_policy(const json& resource, const std::string& where) {
    static constexpr std::array keys = {"PolicyName", "PolicyDocument"};
    const json& properties = resource.at("Properties");
    only_keys(properties, keys, where);
    if (resource.contains("OverrideSettings")) throw invalid(where + ": a policy has no OverrideSettings");
    if (properties.size() != 1) throw invalid(where + " needs either PolicyName or PolicyDocument");
    if (!properties.contains("PolicyDocument")) return;
    const json& document = properties.at("PolicyDocument");
    if (document.is_string()) {
        try {
            parse_policy(document.get<std::string>());
        } catch (const refusal& problem) {
            throw invalid(where + ": " + problem.what());
        }
    } else if (!document.is_object()) {
        throw invalid(where + ": PolicyDocument must be an object or a string");
    }
}

void check_resource(const std::string& name, const json& resource) {
    static constexpr std::array keys = {"Type", "Properties", "OverrideSettings"};
    const std::string where = "resource " + name;
    only_keys(resource, keys, where);
    if (!resource.contains("Properties") || !resource.at("Properties").is_object()) {
        throw invalid(where + " needs Properties");
    }
    check_functions(resource.at("Properties"), where);
    const json type = resource.value("Type", json{});
    if (type == "AWS::IoT::Thing") {
        check_thing(resource, where);
    } else if (type == "AWS::IoT::Certificate") {
        check_certificate(resource, where);
    } else if (type == "AWS::IoT::Policy") {
        check_policy(resource, where);
    } else {
        throw invalid(where + " has the unknown Type " + type.dump());
    }
}

void check_resources(const json& document) {
    const auto resources = document.find("Resources");
    if (resources == document.end() || !resources->is_object()) throw invalid("there are no Resources");
    int things = 0;
    int certificates = 0;
    for (const auto& [name, resource] : resources->items()) {
        check_resource(name, resource);
        things += resource.at("Type") == "AWS::IoT::Thing" ? 1 : 0;
        certificates += resource.at("Type") == "AWS::IoT::Certificate" ? 1 : 0;
    }
    if (things > 1) throw invalid("there is more than one thing");
    if (certificates != 1) throw invalid("there must be exactly one certificate");
}

json document_of(const std::string& body) {
    try {
        return decode(body, encoding::json);
    } catch (const refusal&) {
        throw invalid("it is not JSON");
    }
}

}  // namespace

void check_template(const std::string& body) {
    if (body.size() > max_body) throw invalid("it is longer than 10240 characters");
    static constexpr std::array sections = {"Parameters", "Mappings", "Resources", "DeviceConfiguration"};
    const json document = document_of(body);
    only_keys(document, sections, "a template");
    if (document.contains("Parameters")) check_parameters(document.at("Parameters"));
    if (document.contains("Mappings")) check_mappings(document.at("Mappings"));
    check_resources(document);
    if (!document.contains("DeviceConfiguration")) return;
    if (!document.at("DeviceConfiguration").is_object())
        throw invalid("DeviceConfiguration must be an object");
    check_functions(document.at("DeviceConfiguration"), "DeviceConfiguration");
    for (const auto& [key, value] : document.at("DeviceConfiguration").items()) {
        if (!value.is_string() && !is_function(value)) {
            throw invalid("DeviceConfiguration is flat: " + key + " must be a string, a Ref or a function");
        }
    }
}

}  // namespace fleetline::rehearsal
