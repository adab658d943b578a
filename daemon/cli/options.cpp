// SPDX-License-Identifier: Apache-2.0
#include "cli/options.hpp"

#include <charconv>
#include <optional>

#include "cli/exit_status.hpp"
#include "cli/words.hpp"

namespace fleetline::cli {

namespace {

checked<utc_time> parse_ago(std::string_view text, utc_time now) {
    std::int64_t count = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), count);
    const std::string_view unit = text.substr(static_cast<std::size_t>(end.ptr - text.data()));
    if (end.ec != std::errc{} || count < 0 || count > 1'000'000) return reason{"not a time"};
    std::chrono::seconds one{};
    if (unit == "s") one = std::chrono::seconds{1};
    if (unit == "m" || unit == "min") one = std::chrono::minutes{1};
    if (unit == "h") one = std::chrono::hours{1};
    if (unit == "d") one = std::chrono::days{1};
    if (unit == "w") one = std::chrono::weeks{1};
    if (one.count() == 0) return reason{"not a time"};
    const utc_time when = now - count * one;
    if (when < utc_time{}) return reason{"out of range: it is before 1970"};
    return when;
}

std::optional<utc_time> period_end(const std::string& option, const std::string& text, utc_time now) {
    if (text.empty()) return std::nullopt;
    const auto when = parse_when(text, now);
    if (!when)
        throw command_error(
            exit_status::usage, option + ": '" + text + "' is " + when.why_not(),
            "Give a date (2026-11-24), a time in UTC (2026-11-24T08:00:00Z), today, yesterday, "
            "or how long ago: 15m, 8h, 7d.");
    return *when;
}

}  // namespace

void filter_options::add_period(words& to) {
    to.option("--since", since, "Started at or after this: 2026-11-24, 2026-11-24T08:00:00Z, today, 8h, 7d",
              "TIME");
    to.option("--until", until, "Started before this", "TIME");
}

void filter_options::add_selection(words& to) {
    to.option("--product", product, "Only this product", "NAME");
    to.option("--order", order, "Only this work order", "NAME");
}

void filter_options::add_outcome(words& to) {
    to.option("--outcome", outcome, "Only this outcome: passed, failed, refused, abandoned",
              {"OUTCOME", {"passed", "failed", "refused", "abandoned"}});
}

void filter_options::add_search(words& to) {
    to.option("--slot", slot, "Only in this slot", "NAME");
    to.option("--operator", operator_name, "Only while this person was signed on", "NAME");
    to.option("--failure-code", failure_code, "Only what ended with this code", "CODE");
    to.option("--search", search, "Only with this in the serial number or the thing name", "TEXT");
}

void filter_options::add_limit(words& to) {
    to.number("--limit", limit, "At most this many, 0 for all (on a terminal: 100)");
}

ledger::filter filter_options::as_filter(utc_time now) const {
    ledger::filter wanted;
    wanted.since = period_end("--since", since, now);
    wanted.until = period_end("--until", until, now);
    if (wanted.since && wanted.until && *wanted.since > *wanted.until)
        throw command_error(exit_status::usage, "--since is later than --until");
    wanted.product = product;
    wanted.order = order;
    wanted.outcome = outcome;
    wanted.slot = slot;
    wanted.operator_name = operator_name;
    wanted.failure_code = failure_code;
    wanted.part = search;
    return wanted;
}

checked<utc_time> parse_when(std::string_view text, utc_time now) {
    const auto today = std::chrono::floor<std::chrono::days>(now);
    if (text == "now") return now;
    if (text == "today") return utc_time{today};
    if (text == "yesterday") return utc_time{today - std::chrono::days{1}};
    if (auto when = parse_rfc3339(text)) return when;
    return parse_ago(text, now);
}

}  // namespace fleetline::cli
