// SPDX-License-Identifier: Apache-2.0
// fleetline stats: how well the line does.
#include <array>
#include <cstdio>
#include <memory>

#include "cli/command.hpp"
#include "cli/options.hpp"
#include "cli/table.hpp"
#include "cli/text.hpp"
#include "report/cover.hpp"
#include "report/statistics.hpp"
#include "station/failure_catalogue.hpp"

namespace fleetline::cli {

namespace {

using report::figures;
using report::grouping;

struct options {
    filter_options filter;
    std::string by;
};

grouping grouping_of(std::string_view word) {
    if (word == "hour") return grouping::hour;
    if (word == "day") return grouping::day;
    if (word == "product") return grouping::product;
    if (word == "slot") return grouping::slot;
    if (word == "order") return grouping::order;
    return grouping::none;
}

std::string duration_or_dash(const std::optional<std::int64_t>& milliseconds) {
    return milliseconds ? duration_text(*milliseconds) : "-";
}

std::string per_hour(const figures& all) {
    const auto rate = all.units_per_hour();
    if (!rate) return "-";
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.1f", *rate);
    return text.data();
}

std::string of(std::int64_t part, std::int64_t whole) {
    return share_text(part, whole) + "  (" + std::to_string(part) + " of " + std::to_string(whole) + ')';
}

void print_total(screen& out, const figures& all) {
    const auto yield = [&out](std::string_view label, std::int64_t part, std::int64_t whole,
                              std::string_view what) {
        std::string name{label};
        name.resize(20, ' ');
        std::string value = of(part, whole);
        value.resize(std::max<std::size_t>(value.size() + 2, 26), ' ');
        out.line("  " + out.paint(ink::faint, name) + value + out.paint(ink::faint, what));
    };
    yield("first-pass yield", all.first_passed, all.first_attempts, "of first attempts passed");
    yield("final yield", all.units_final, all.units, "of boards passed in the end");
    yield("attempt yield", all.passed, all.attempts(), "of attempts passed");
    const auto fact = [&out](std::string_view label, const std::string& value) {
        std::string name{label};
        name.resize(20, ' ');
        out.line("  " + out.paint(ink::faint, name) + value);
    };
    fact("boards per hour", per_hour(all) + "  (" + count_text(all.units_passed, "board", "boards") + " in " +
                                count_text(all.hours, "hour", "hours") + " with work)");
    fact("cycle time", duration_or_dash(all.cycle.quantile(0.5)) + " median, " +
                           duration_or_dash(all.cycle.quantile(0.95)) + " p95, " +
                           duration_or_dash(all.cycle.mean()) + " mean");
    if (all.refused > 0)
        fact("refused", count_text(all.refused, "time", "times") + ", not counted as attempts");
}

std::string group_name(const std::string& name, grouping by) {
    if (by == grouping::hour) return time_text(name).substr(0, 16);
    if (by == grouping::day) return name.substr(0, 10);
    return name.empty() ? "(none)" : safe_text(name);
}

void print_groups(screen& out, const report::statistics& found, const std::string& word) {
    const bool of_time = found.by == grouping::hour || found.by == grouping::day;
    const std::string title = of_time ? word + " (UTC)" : word;
    using enum align;
    out.line();
    table rows{out,
               {std::string_view{title},
                {"attempts", right},
                {"refused", right},
                {"boards passed", right},
                {"first-pass", right},
                {"final", right},
                {"attempt", right},
                {"per hour", right},
                {"median", right},
                {"p95", right}}};
    for (const auto& group : found.groups) {
        const auto& all = group.all;
        rows.row({group_name(group.name, found.by), std::to_string(all.attempts()),
                  std::to_string(all.refused), std::to_string(all.units_passed),
                  share_text(all.first_passed, all.first_attempts), share_text(all.units_final, all.units),
                  share_text(all.passed, all.attempts()), per_hour(all),
                  duration_or_dash(all.cycle.quantile(0.5)), duration_or_dash(all.cycle.quantile(0.95))});
    }
    rows.finish();
}

void print_steps(screen& out, const report::statistics& found) {
    if (found.steps.empty()) return;
    out.line();
    table rows{out, {"step", {"median", align::right}, {"p95", align::right}, {"mean", align::right}}};
    for (const auto* step : {"identify", "admit", "csr", "issue", "register", "deliver", "prove", "finish"}) {
        const auto times = found.steps.find(step);
        if (times == found.steps.end()) continue;
        rows.row({step, duration_or_dash(times->second.quantile(0.5)),
                  duration_or_dash(times->second.quantile(0.95)), duration_or_dash(times->second.mean())});
    }
    rows.finish();
}

/// Failures of attempts, or refusals: each adds up to a figure above.
void print_codes(screen& out, const report::statistics& found, std::string_view title,
                 std::int64_t (*times)(const report::failure_count&)) {
    std::int64_t all = 0;
    for (const auto& one : found.failures) all += times(one);
    if (all == 0) return;
    out.line();
    table rows{out, {title, {"times", align::right}, {"share", align::right}, "what it means"}};
    for (const auto& one : found.failures) {
        if (times(one) == 0) continue;
        const auto& entry = station::failure_for(one.code);
        rows.row({{safe_text(one.code), ink::bad},
                  std::to_string(times(one)),
                  share_text(times(one), all),
                  entry.code == one.code ? std::string{entry.text} : ""});
    }
    rows.finish();
}

exit_status stats(surroundings& here, const options& asked) {
    const auto wanted = asked.filter.as_filter(here.now);
    const auto found = report::collect(here.ledger(), wanted, grouping_of(asked.by));
    auto& out = here.out;
    if (here.wants_json) {
        out.line(report::to_json_text(found));
        return exit_status::yes;
    }
    const auto& total = found.total;
    const auto period = report::period_text(wanted);
    out.line(out.paint(ink::strong, count_text(total.units_passed, "board", "boards") + " passed") + ", " +
             count_text(total.attempts(), "attempt", "attempts") + ", " +
             (period.empty() ? "all time" : period));
    if (total.attempts() + total.refused == 0) return exit_status::yes;
    print_total(out, total);
    if (found.by != grouping::none) print_groups(out, found, asked.by);
    print_steps(out, found);
    print_codes(out, found, "failure", [](const report::failure_count& one) { return one.not_passed(); });
    print_codes(out, found, "refusal", [](const report::failure_count& one) { return one.refused; });
    return exit_status::yes;
}

}  // namespace

void add_stats(words& parent) {
    auto word = parent.word("stats", "Tell how well the line does: yields, boards per hour, times, failures");
    auto asked = std::make_shared<options>();
    asked->filter.add_period(word);
    asked->filter.add_selection(word);
    word.option("--by", asked->by, "Also by hour, day, product, slot or order",
                {"WHAT", {"hour", "day", "product", "slot", "order"}});
    word.does([asked](surroundings& here) { return stats(here, *asked); });
}

}  // namespace fleetline::cli
