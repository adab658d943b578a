// SPDX-License-Identifier: Apache-2.0
#include "core/template_functions.hpp"

#include <charconv>

#include "core/refusal.hpp"

namespace fleetline::rehearsal {
namespace {

using nlohmann::json;

// Far above any legal value; keeps a template from growing its input without end.
constexpr std::size_t max_text = 65536;

std::string bounded(std::string text) {
    if (text.size() > max_text) throw invalid_parameters("A value of the template is too long.");
    return text;
}

const json& argument_at(const json& argument, std::size_t count, std::size_t at,
                        const std::string& function) {
    if (!argument.is_array() || argument.size() != count) {
        throw invalid_parameters(function + " needs a list of " + std::to_string(count) + " values.");
    }
    return argument[at];
}

}  // namespace

bool is_function(const json& node) {
    return node.is_object() && node.size() == 1 &&
           (node.begin().key() == "Ref" || node.begin().key().starts_with("Fn::"));
}

json resolver::resolve(const json& node) const {
    if (is_function(node)) return call(node.begin().key(), node.begin().value());
    if (!node.is_structured()) return node;
    json resolved = node;
    for (json& child : resolved) child = resolve(child);
    return resolved;
}

std::string resolver::text(const json& node, const std::string& where) const {
    const json value = resolve(node);
    if (!value.is_string()) throw invalid_parameters(where + " must be a string.");
    return value.get<std::string>();
}

json resolver::call(const std::string& function, const json& argument) const {
    if (function == "Ref") {
        if (!argument.is_string()) throw invalid_parameters("Ref needs a name.");
        return reference(argument.get<std::string>());
    }
    if (function == "Fn::Join") return join(argument);
    if (function == "Fn::Select") return select(argument);
    if (function == "Fn::FindInMap") return find_in_map(argument);
    if (function == "Fn::Split") return split(argument);
    if (function == "Fn::Sub") return substitute(argument);
    throw invalid_parameters("Unknown function: " + function);
}

std::string resolver::reference(const std::string& name) const {
    const auto found = parameters_.find(name);
    if (found == parameters_.end()) throw invalid_parameters("Cannot resolve reference value: " + name);
    return found->second;
}

json resolver::list(const json& node, const std::string& where) const {
    json values = resolve(node);
    if (!values.is_array()) throw invalid_parameters(where + " needs a list.");
    return values;
}

std::string resolver::join(const json& argument) const {
    const std::string delimiter = text(argument_at(argument, 2, 0, "Fn::Join"), "The delimiter of Fn::Join");
    std::string joined;
    bool first = true;
    for (const json& value : list(argument_at(argument, 2, 1, "Fn::Join"), "Fn::Join")) {
        if (!value.is_string()) throw invalid_parameters("Fn::Join can join strings only.");
        if (!first) joined += delimiter;
        first = false;
        joined = bounded(joined + value.get<std::string>());
    }
    return joined;
}

std::string resolver::select(const json& argument) const {
    const json index = resolve(argument_at(argument, 2, 0, "Fn::Select"));
    const std::string digits = index.is_string() ? index.get<std::string>() : index.dump();
    std::size_t at = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), at);
    if (error != std::errc{} || end != digits.data() + digits.size()) {
        throw invalid_parameters("The index of Fn::Select is not a number: " + digits);
    }
    const json values = list(argument_at(argument, 2, 1, "Fn::Select"), "Fn::Select");
    if (at >= values.size()) throw invalid_parameters("The index of Fn::Select is out of range: " + digits);
    if (!values[at].is_string()) throw invalid_parameters("Fn::Select found no string at index " + digits);
    return values[at].get<std::string>();
}

std::string resolver::find_in_map(const json& argument) const {
    const json* at = &mappings_;
    for (std::size_t i = 0; i < 3; ++i) {
        const std::string key = text(argument_at(argument, 3, i, "Fn::FindInMap"), "A key of Fn::FindInMap");
        const auto found = at->find(key);
        if (!at->is_object() || found == at->end()) {
            throw invalid_parameters("Fn::FindInMap does not find the key: " + key);
        }
        at = &*found;
    }
    if (!at->is_string()) throw invalid_parameters("Fn::FindInMap finds something that is not a string.");
    return at->get<std::string>();
}

json resolver::split(const json& argument) const {
    const std::string delimiter =
        text(argument_at(argument, 2, 0, "Fn::Split"), "The delimiter of Fn::Split");
    const std::string whole = text(argument_at(argument, 2, 1, "Fn::Split"), "The text of Fn::Split");
    if (delimiter.empty()) throw invalid_parameters("The delimiter of Fn::Split is empty.");
    json parts = json::array();
    std::size_t start = 0;
    for (std::size_t at = whole.find(delimiter); at != std::string::npos; at = whole.find(delimiter, start)) {
        parts.push_back(whole.substr(start, at - start));
        start = at + delimiter.size();
    }
    parts.push_back(whole.substr(start));
    return parts;
}

std::string resolver::substitute(const json& argument) const {
    if (!argument.is_string()) throw invalid_parameters("Fn::Sub needs a string.");
    const std::string pattern = argument.get<std::string>();
    std::string result;
    for (std::size_t at = 0; at < pattern.size();) {
        const std::size_t end = pattern.compare(at, 2, "${") == 0 ? pattern.find('}', at) : std::string::npos;
        if (end == std::string::npos) {
            result += pattern[at++];
            continue;
        }
        const std::string name = pattern.substr(at + 2, end - at - 2);
        // ${!name} stands for the text ${name}.
        result = bounded(result + (name.starts_with("!") ? "${" + name.substr(1) + "}" : reference(name)));
        at = end + 1;
    }
    return result;
}

}  // namespace fleetline::rehearsal
