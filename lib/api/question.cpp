// SPDX-License-Identifier: Apache-2.0
#include "api/question.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/encoding.hpp"
#include "core/failure.hpp"
#include "core/recorded_text.hpp"

namespace fleetline::api {

namespace {

[[noreturn]] void wrong(std::string_view name, const std::string& why) {
    throw failure("station-request-invalid", "Reading the request", printable(name, 40), why);
}

std::optional<utc_time> time_in(const request& what, std::string_view name) {
    const auto* text = what.asked(name);
    if (text == nullptr || text->empty()) return std::nullopt;
    const auto when = parse_rfc3339(*text);
    if (!when) wrong(name, when.why_not());
    return *when;
}

std::string text_in(const request& what, std::string_view name) {
    const auto* text = what.asked(name);
    if (text != nullptr && text->size() > 256) wrong(name, "it is too long");
    return text != nullptr ? *text : std::string{};
}

std::int64_t limit_in(const request& what, std::int64_t usual, std::int64_t most) {
    const auto* text = what.asked("limit");
    if (text == nullptr || text->empty()) return usual;
    std::int64_t limit = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), limit);
    if (error != std::errc{} || end != text->data() + text->size() || limit < 0 || limit > most)
        wrong("limit", "it must be a number from 0 to " + std::to_string(most));
    return limit;
}

}  // namespace

void allow_only(const request& what, std::initializer_list<std::string_view> allowed) {
    for (const auto& [name, value] : what.query)
        if (std::find(allowed.begin(), allowed.end(), name) == allowed.end())
            wrong(name, "this is not a question that is answered here");
}

ledger::filter filter_of(const request& what, std::int64_t usual_limit, std::int64_t most) {
    ledger::filter out;
    out.since = time_in(what, "since");
    out.until = time_in(what, "until");
    out.product = text_in(what, "product");
    out.order = text_in(what, "order");
    out.outcome = text_in(what, "outcome");
    out.serial = text_in(what, "serial");
    out.slot = text_in(what, "slot");
    out.operator_name = text_in(what, "operator");
    out.failure_code = text_in(what, "failure_code");
    out.part = text_in(what, "search");
    out.limit = limit_in(what, usual_limit, most);
    constexpr std::array<std::string_view, 5> outcomes{"", "passed", "failed", "refused", "abandoned"};
    if (std::find(outcomes.begin(), outcomes.end(), out.outcome) == outcomes.end())
        wrong("outcome", "it must be passed, failed, refused or abandoned");
    return out;
}

struct body_members::held {
    nlohmann::json object;
};

body_members::body_members(const request& what, std::initializer_list<std::string_view> allowed)
    : held_(std::make_unique<held>()) {
    held_->object =
        what.body.empty() ? nlohmann::json::object() : nlohmann::json::parse(what.body, nullptr, false);
    if (!held_->object.is_object()) wrong("body", "it must be a JSON object");
    for (const auto& [name, value] : held_->object.items())
        if (std::find(allowed.begin(), allowed.end(), name) == allowed.end())
            wrong(name, "this member is not known here");
}

body_members::~body_members() = default;

std::string body_members::text(std::string_view name, std::size_t longest) const {
    auto value = recordable(text_or_none(name, longest), longest);
    if (!value) wrong(name, value.why_not());
    return std::move(*value);
}

std::string body_members::text_or_none(std::string_view name, std::size_t longest) const {
    const auto found = held_->object.find(name);
    if (found == held_->object.end()) return {};
    if (!found->is_string()) wrong(name, "it must be a text");
    auto value = recordable_or_none(found->get<std::string>(), longest);
    if (!value) wrong(name, value.why_not());
    return std::move(*value);
}

std::int64_t body_members::number_or(std::string_view name, std::int64_t otherwise) const {
    const auto found = held_->object.find(name);
    if (found == held_->object.end()) return otherwise;
    const bool fits = found->is_number_unsigned() &&
                      found->get<std::uint64_t>() <= std::numeric_limits<std::int32_t>::max();
    if (!fits) wrong(name, "it must be a whole number, not negative");
    return found->get<std::int64_t>();
}

bool body_members::truth_or(std::string_view name, bool otherwise) const {
    const auto found = held_->object.find(name);
    if (found == held_->object.end()) return otherwise;
    if (!found->is_boolean()) wrong(name, "it must be true or false");
    return found->get<bool>();
}

}  // namespace fleetline::api
