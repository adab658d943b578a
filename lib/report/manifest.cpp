// SPDX-License-Identifier: Apache-2.0
#include "report/manifest.hpp"

#include <nlohmann/json.hpp>

namespace fleetline::report {

namespace {

using json = nlohmann::ordered_json;

constexpr std::string_view kind = "fleetline-report-1";

std::string time_or_nothing(const std::optional<utc_time>& when) {
    return when ? to_rfc3339(*when) : std::string();
}

/// Empty when it is missing or no text.
std::string text_of(const json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

bool read_time(const std::string& text, std::optional<utc_time>& into) {
    if (text.empty()) return true;
    const auto when = parse_rfc3339(text);
    if (when) into = *when;
    return into.has_value();
}

}  // namespace

std::string to_json_text(const manifest& what) {
    json out;
    out["kind"] = kind;
    out["format"] = what.format;
    out["station"] = what.station;
    out["made_at"] = what.made_at;
    auto& filter = out["filter"] = json::object();
    filter["since"] = time_or_nothing(what.wanted.since);
    filter["until"] = time_or_nothing(what.wanted.until);
    filter["product"] = what.wanted.product;
    filter["order"] = what.wanted.order;
    filter["outcome"] = what.wanted.outcome;
    out["rows"] = what.rows;
    out["checkpoint"] = json::parse(to_line(what.head));
    return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

checked<manifest> manifest_from(std::string_view text) {
    const auto from = json::parse(text, nullptr, false);
    if (!from.is_object() || text_of(from, "kind") != kind)
        return reason{"it does not say what a fleetline report says of itself"};
    manifest found;
    found.format = text_of(from, "format");
    found.station = text_of(from, "station");
    found.made_at = text_of(from, "made_at");
    const auto rows = from.find("rows");
    const auto filter = from.find("filter");
    const auto head = from.find("checkpoint");
    if (rows == from.end() || !rows->is_number_integer()) return reason{"it does not say its number of rows"};
    found.rows = rows->get<std::int64_t>();
    if (filter == from.end() || !filter->is_object() ||
        !read_time(text_of(*filter, "since"), found.wanted.since) ||
        !read_time(text_of(*filter, "until"), found.wanted.until))
        return reason{"it does not say its filter"};
    found.wanted.product = text_of(*filter, "product");
    found.wanted.order = text_of(*filter, "order");
    found.wanted.outcome = text_of(*filter, "outcome");
    const auto checkpoint = ledger::checkpoint_from(
        head == from.end() ? std::string() : head->dump(-1, ' ', false, json::error_handler_t::replace));
    if (!checkpoint) return reason{"it does not hold a signed head of the chain: " + checkpoint.why_not()};
    found.head = *checkpoint;
    return found;
}

std::string describe(const ledger::filter& wanted) {
    std::string text = wanted.outcome.empty() ? "every attempt" : wanted.outcome + " attempts";
    if (wanted.since) text += " since " + to_rfc3339(*wanted.since);
    if (wanted.until) text += " until " + to_rfc3339(*wanted.until);
    if (!wanted.product.empty()) text += " of product " + wanted.product;
    if (!wanted.order.empty()) text += " of order " + wanted.order;
    return text;
}

}  // namespace fleetline::report
