// SPDX-License-Identifier: Apache-2.0
// fleetline audit verify: does the ledger hold, and does a report fit it?
#include <memory>

#include "cli/command.hpp"
#include "cli/json_view.hpp"
#include "cli/text.hpp"
#include "report/check.hpp"

namespace fleetline::cli {

namespace {

constexpr std::size_t most_shown = 20;

void print_problems(screen& out, const std::vector<std::string>& problems) {
    for (std::size_t i = 0; i < problems.size() && i < most_shown; ++i)
        out.line("  " + out.paint(ink::bad, i == 0 ? "first: " : "also:  ") + safe_text(problems[i]));
    if (problems.size() > most_shown)
        out.line(out.paint(ink::faint, "  … and " + std::to_string(problems.size() - most_shown) + " more"));
}

void print_ledger(surroundings& here, const ledger::verification& found) {
    auto& out = here.out;
    const bool holds = found.problems.empty();
    out.line("Ledger  " + safe_text(here.settings().ledger.file.string()) + ": " +
             (holds ? out.paint(ink::good, "holds") : out.paint(ink::bad, "DOES NOT HOLD")) + ", " +
             count_text(found.events, "event", "events"));
    if (!found.head_hash.empty()) out.fact("head", safe_text(found.head_hash));
    print_problems(out, found.problems);
}

void print_report(screen& out, const std::filesystem::path& file, const report::check_result& found) {
    const bool holds = found.problems.empty();
    out.line("Report  " + safe_text(file.string()) + ": " +
             (holds ? out.paint(ink::good, "fits the ledger") : out.paint(ink::bad, "DOES NOT FIT")) + ", " +
             count_text(found.rows, "row", "rows"));
    print_problems(out, found.problems);
}

exit_status verify(surroundings& here, const std::filesystem::path& report_file) {
    const auto ledger = here.ledger().verify();
    report::check_result report;
    if (!report_file.empty()) report = report::check_against(here.ledger(), report_file);
    const bool holds = ledger.problems.empty() && report.problems.empty();
    if (here.wants_json) {
        json document{{"holds", holds},
                      {"ledger",
                       {{"file", here.settings().ledger.file.string()},
                        {"events", ledger.events},
                        {"head_hash", ledger.head_hash},
                        {"problems", ledger.problems}}}};
        if (!report_file.empty())
            document["report"] = {
                {"file", report_file.string()}, {"rows", report.rows}, {"problems", report.problems}};
        here.out.line(indented(document));
    } else {
        print_ledger(here, ledger);
        if (!report_file.empty()) print_report(here.out, report_file, report);
    }
    return holds ? exit_status::yes : exit_status::no;
}

}  // namespace

void add_audit(words& parent) {
    auto word = parent.word("audit", "Check the ledger");
    auto verb = word.word("verify", "Recompute the event chain and what is derived from it");
    auto file = std::make_shared<std::string>();
    verb.option("--report", *file, "Also check this report (csv or jsonl) against the ledger", "FILE");
    verb.does([file](surroundings& here) { return verify(here, *file); });
}

}  // namespace fleetline::cli
