// SPDX-License-Identifier: Apache-2.0
// Private to the templates: Ref and the Fn:: functions. Pure; any thread.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "core/records.hpp"

namespace fleetline::rehearsal {

// True for {"Ref": ...} and {"Fn::...": ...}: an object with that single key.
bool is_function(const nlohmann::json& node);

class resolver {
  public:
    // `parameters`: what Ref can name, defaults and reserved names included.
    resolver(const string_map& parameters, const nlohmann::json& mappings)
        : parameters_(parameters), mappings_(mappings) {}

    // The node with every function replaced by its value: a string, or for Fn::Split a list.
    nlohmann::json resolve(const nlohmann::json& node) const;
    // As above where only text will do; `where` is for the reason.
    std::string text(const nlohmann::json& node, const std::string& where) const;

  private:
    nlohmann::json call(const std::string& function, const nlohmann::json& argument) const;
    std::string reference(const std::string& name) const;
    std::string join(const nlohmann::json& argument) const;
    std::string select(const nlohmann::json& argument) const;
    std::string find_in_map(const nlohmann::json& argument) const;
    nlohmann::json split(const nlohmann::json& argument) const;
    std::string substitute(const nlohmann::json& argument) const;
    nlohmann::json list(const nlohmann::json& node, const std::string& where) const;

    const string_map& parameters_;
    const nlohmann::json& mappings_;
};

}  // namespace fleetline::rehearsal
