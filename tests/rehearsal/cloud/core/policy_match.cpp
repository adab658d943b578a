// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "core/policy.hpp"
#include "core/text.hpp"

namespace fleetline::rehearsal {
namespace {

// One place of a pattern: a character to be met as it is, any one character, or any run of them.
struct place {
    enum class kind { literal, one, run } kind;
    char character = 0;
};

void append_literal(std::vector<place>& places, std::string_view text) {
    for (const char character : text) places.push_back({place::kind::literal, character});
}

void append_variable(std::vector<place>& places, std::string_view name, const string_map& variables) {
    if (name == "*" || name == "?" || name == "$") {  // AWS's way to write these characters themselves
        append_literal(places, name);
        return;
    }
    const auto found = variables.find(std::string{name});
    if (found != variables.end()) {
        append_literal(places, found->second);
    } else {
        append_literal(places, "${");
        append_literal(places, name);
        append_literal(places, "}");
    }
}

std::vector<place> compile(std::string_view pattern, const string_map& variables) {
    std::vector<place> places;
    for (std::size_t at = 0; at < pattern.size(); ++at) {
        if (pattern.substr(at).starts_with("${")) {
            const std::size_t end = pattern.find('}', at);
            if (end != std::string_view::npos) {
                append_variable(places, pattern.substr(at + 2, end - at - 2), variables);
                at = end;
                continue;
            }
        }
        switch (pattern[at]) {
            case '*':
                places.push_back({place::kind::run});
                break;
            case '?':
                places.push_back({place::kind::one});
                break;
            default:
                places.push_back({place::kind::literal, pattern[at]});
        }
    }
    return places;
}

bool matches_places(const std::vector<place>& places, std::string_view text) {
    std::size_t at = 0;
    std::size_t in = 0;
    std::size_t last_run = places.size();
    std::size_t retry = 0;
    while (in < text.size()) {
        if (at < places.size() && places[at].kind == place::kind::run) {
            last_run = at++;
            retry = in;
        } else if (at < places.size() &&
                   (places[at].kind == place::kind::one || places[at].character == text[in])) {
            ++at;
            ++in;
        } else if (last_run < places.size()) {
            at = last_run + 1;
            in = ++retry;
        } else {
            return false;
        }
    }
    while (at < places.size() && places[at].kind == place::kind::run) ++at;
    return at == places.size();
}

std::string lower(std::string_view text) {
    std::string result{text};
    std::transform(result.begin(), result.end(), result.begin(),
                   [](unsigned char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
    return result;
}

bool any_pattern(const pattern_list& list, std::string_view text, const string_map& variables) {
    return std::any_of(list.patterns.begin(), list.patterns.end(),
                       [&](const std::string& pattern) { return matches_pattern(pattern, text, variables); });
}

bool action_applies(const pattern_list& actions, const std::string& action) {
    static const string_map none;
    const std::string wanted = lower(action);
    const bool any = std::any_of(
        actions.patterns.begin(), actions.patterns.end(),
        [&](const std::string& pattern) { return matches_pattern(lower(pattern), wanted, none); });
    return any != actions.negated;
}

std::optional<std::uint32_t> ipv4(std::string_view text) {
    std::uint32_t address = 0;
    const std::vector<std::string> parts = split(text, '.');
    if (parts.size() != 4) return std::nullopt;
    for (const std::string& part : parts) {
        unsigned value = 0;
        const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
        if (error != std::errc{} || end != part.data() + part.size() || value > 255) return std::nullopt;
        address = address << 8 | value;
    }
    return address;
}

bool in_network(const std::string& address, const std::string& network) {
    const std::size_t slash = network.find('/');
    unsigned bits = 32;
    if (slash != std::string::npos) {
        const char* const end = network.data() + network.size();
        if (std::from_chars(network.data() + slash + 1, end, bits).ec != std::errc{} || bits > 32)
            return false;
    }
    const auto left = ipv4(address);
    const auto right = ipv4(network.substr(0, slash));
    if (!left || !right) return address == network;  // IPv6: only as a whole address
    return bits == 0 || (*left >> (32 - bits)) == (*right >> (32 - bits));
}

// One value of the request against one of the document, for the positive form of an operator.
bool meets(const std::string& operation, const std::string& have, const std::string& want,
           const string_map& variables) {
    if (operation == "StringLike" || operation == "ArnLike") return matches_pattern(want, have, variables);
    if (operation == "StringEqualsIgnoreCase" || operation == "Bool") return lower(have) == lower(want);
    if (operation == "IpAddress") return in_network(have, want);
    if (want.find("${") != std::string::npos) {  // StringEquals: variables yes, wildcards no
        std::vector<place> places = compile(want, variables);
        for (place& one : places) {
            if (one.kind == place::kind::run) one = {place::kind::literal, '*'};
            if (one.kind == place::kind::one) one = {place::kind::literal, '?'};
        }
        return matches_places(places, have);
    }
    return have == want;
}

struct positive_form {
    std::string operation;
    bool negated;
};

positive_form positive(const std::string& operation) {
    if (operation == "StringNotEquals") return {"StringEquals", true};
    if (operation == "StringNotEqualsIgnoreCase") return {"StringEqualsIgnoreCase", true};
    if (operation == "StringNotLike") return {"StringLike", true};
    if (operation == "NotIpAddress") return {"IpAddress", true};
    if (operation == "ArnEquals") return {"ArnLike", false};  // AWS: the two behave identically
    if (operation == "ArnNotEquals" || operation == "ArnNotLike") return {"ArnLike", true};
    return {operation, false};
}

bool condition_holds(const policy_condition& condition, const string_map& variables) {
    const auto found = variables.find(condition.key);
    if (condition.operation == "Null") {
        return std::any_of(condition.values.begin(), condition.values.end(), [&](const std::string& value) {
            return (lower(value) == "true") == (found == variables.end());
        });
    }
    const positive_form form = positive(condition.operation);
    if (found == variables.end()) {
        return condition.if_exists || condition.over == policy_condition::over::all_values || form.negated;
    }
    const auto value_holds = [&](const std::string& have) {
        const bool any = std::any_of(
            condition.values.begin(), condition.values.end(),
            [&](const std::string& want) { return meets(form.operation, have, want, variables); });
        return any != form.negated;
    };
    const std::vector<std::string> have =
        found->second.empty() ? std::vector<std::string>{} : split(found->second, '\n');
    if (condition.over == policy_condition::over::any_value)
        return std::any_of(have.begin(), have.end(), value_holds);
    if (have.empty() && condition.over == policy_condition::over::single) return value_holds("");
    return std::all_of(have.begin(), have.end(), value_holds);
}

bool applies(const policy_statement& statement, const policy_request& request) {
    return action_applies(statement.actions, request.action) &&
           any_pattern(statement.resources, request.resource, request.variables) !=
               statement.resources.negated &&
           std::all_of(statement.conditions.begin(), statement.conditions.end(),
                       [&](const policy_condition& one) { return condition_holds(one, request.variables); });
}

}  // namespace

bool matches_pattern(std::string_view pattern, std::string_view text, const string_map& variables) {
    return matches_places(compile(pattern, variables), text);
}

verdict evaluate(std::span<const policy_document* const> policies, const policy_request& request) {
    verdict so_far = verdict::implicit_deny;
    for (const policy_document* document : policies) {
        for (const policy_statement& statement : *document) {
            if (!applies(statement, request)) continue;
            if (statement.deny) return verdict::explicit_deny;
            so_far = verdict::allow;
        }
    }
    return so_far;
}

}  // namespace fleetline::rehearsal
