// SPDX-License-Identifier: Apache-2.0
#include "server/aws_call.hpp"

#include <algorithm>
#include <charconv>

#include "core/text.hpp"

namespace fleetline::rehearsal {
namespace {

using nlohmann::json;

bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool names_service(const json& principal, std::string_view service) {
    const auto found = principal.is_object() ? principal.find("Service") : principal.end();
    if (found == principal.end()) return false;
    if (found->is_string()) return found->get<std::string>() == service;
    return found->is_array() && std::any_of(found->begin(), found->end(),
                                            [&](const json& one) { return one == std::string{service}; });
}

}  // namespace

std::string aws_call::text(const char* key) const {
    const auto found = body.find(key);
    if (found == body.end() || found->is_null()) return {};
    if (!found->is_string()) throw wrong(std::string{key} + " must be a string");
    return found->get<std::string>();
}

std::string aws_call::needed(const char* key) const {
    std::string value = text(key);
    if (value.empty()) throw wrong(std::string{key} + " is missing");
    return value;
}

bool aws_call::truth(const char* key, bool otherwise) const {
    const auto found = body.find(key);
    if (found == body.end() || found->is_null()) return otherwise;
    if (!found->is_boolean()) throw wrong(std::string{key} + " must be true or false");
    return found->get<bool>();
}

json aws_call::object(const char* key) const {
    const auto found = body.find(key);
    if (found == body.end() || found->is_null()) return json::object();
    if (!found->is_object()) throw wrong(std::string{key} + " must be an object");
    return *found;
}

std::string aws_call::query(const char* key) const {
    const auto found = request.query.find(key);
    return found == request.query.end() ? std::string{} : found->second;
}

bool aws_call::query_truth(const char* key, bool otherwise) const {
    const std::string value = query(key);
    if (value.empty()) return otherwise;
    if (value != "true" && value != "false") throw wrong(std::string{key} + " must be true or false");
    return value == "true";
}

std::string aws_call::header(const char* lower_case_name) const {
    const auto found = request.headers.find(lower_case_name);
    return found == request.headers.end() ? std::string{} : found->second;
}

std::optional<std::vector<std::string>> matched(std::string_view pattern, std::string_view path) {
    if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
    const std::vector<std::string> wanted = split(pattern, '/');
    const std::vector<std::string> given = split(path, '/');
    if (wanted.size() != given.size()) return std::nullopt;
    std::vector<std::string> names;
    for (std::size_t at = 0; at < wanted.size(); ++at) {
        if (wanted[at] == "{}" && !given[at].empty()) {
            names.push_back(percent_decoded(given[at]));
        } else if (wanted[at] != given[at]) {
            return std::nullopt;
        }
    }
    return names;
}

void check_name(const aws_call& call, std::string_view what, std::string_view name, std::size_t longest,
                std::string_view others) {
    const bool plain = std::all_of(name.begin(), name.end(), [&](char c) {
        return is_letter_or_digit(c) || others.find(c) != std::string_view::npos;
    });
    if (!name.empty() && name.size() <= longest && plain) return;
    throw call.wrong(std::string{what} + " must have 1 to " + std::to_string(longest) +
                     " characters: letters, digits, and " + std::string{others});
}

refusal not_found(const std::string& what) {
    return {404, "ResourceNotFoundException", what + " does not exist"};
}

refusal already_exists(const std::string& what) {
    return {409, "ResourceAlreadyExistsException", what + " already exists"};
}

double epoch_seconds(std::int64_t ms) {
    return static_cast<double>(ms) / 1000.0;
}

page page_of(const aws_call& call, const char* size_key, const char* token_key, std::size_t most) {
    page wanted;
    wanted.limit = most;
    wanted.after = call.query(token_key);
    const std::string size = call.query(size_key);
    if (size.empty()) return wanted;
    const auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), wanted.limit);
    if (error != std::errc{} || end != size.data() + size.size() || wanted.limit == 0 ||
        wanted.limit > most) {
        throw call.wrong(std::string{size_key} + " must be a number from 1 to " + std::to_string(most));
    }
    return wanted;
}

page one_more(page wanted) {
    ++wanted.limit;
    return wanted;
}

void add_token(json& answer, const char* key, const std::string& token) {
    if (!token.empty()) answer[key] = token;
}

void put_tags(const aws_call& call, const std::string& arn) {
    const auto tags = call.body.find("tags");
    if (tags == call.body.end() || tags->is_null()) return;
    if (!tags->is_array()) throw call.wrong("tags must be a list");
    for (const json& tag : *tags) {
        if (!tag.is_object() || !tag.value("Key", json{}).is_string() ||
            !tag.value("Value", json("")).is_string()) {
            throw call.wrong("a tag needs Key and Value, both strings");
        }
        call.known.put_tag(arn, tag.at("Key").get<std::string>(), tag.value("Value", ""));
    }
}

bool may_assume(registry& known, const std::string& role_arn, std::string_view service) {
    const std::string prefix = "arn:aws:iam::" + known.account() + ":role/";
    if (!role_arn.starts_with(prefix)) return false;
    const auto role = known.role(role_arn.substr(role_arn.rfind('/') + 1));
    if (!role || prefix.substr(0, prefix.size() - 1) + role->path + role->name != role_arn) return false;
    const json trust = json::parse(role->trust, nullptr, false);
    if (!trust.is_object() || !trust.contains("Statement")) return false;
    const json& statements = trust.at("Statement");
    const json list = statements.is_array() ? statements : json::array({statements});
    return std::any_of(list.begin(), list.end(), [&](const json& one) {
        return one.is_object() && one.value("Effect", json{}) == "Allow" &&
               names_service(one.value("Principal", json{}), service);
    });
}

}  // namespace fleetline::rehearsal
