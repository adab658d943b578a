// SPDX-License-Identifier: Apache-2.0
// fleetline audit verify: does the ledger hold, and does a report fit it?
#include <cctype>
#include <memory>
#include <optional>

#include "cli/command.hpp"
#include "cli/json_view.hpp"
#include "cli/text.hpp"
#include "ledger/checkpoint.hpp"
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

/// As `openssl x509 -fingerprint` prints it.
std::string fingerprint_text(std::string_view hex) {
    std::string text;
    for (std::size_t i = 0; i < hex.size(); ++i) {
        if (i > 0 && i % 2 == 0) text += ':';
        text += static_cast<char>(std::toupper(static_cast<unsigned char>(hex[i])));
    }
    return text;
}

void print_report(screen& out, const std::filesystem::path& file, const report::check_result& found) {
    const bool holds = found.problems.empty();
    out.line("Report  " + safe_text(file.string()) + ": " +
             (holds ? out.paint(ink::good, "fits the ledger") : out.paint(ink::bad, "DOES NOT FIT")) + ", " +
             count_text(found.rows, "row", "rows"));
    if (found.said) {
        out.fact("signed", "by station " + safe_text(found.said->station) + " at " +
                               time_text(safe_text(found.said->made_at)) + " UTC");
        out.fact("signer", "SHA-256 " + fingerprint_text(found.signer_sha256));
        out.fact("holds", safe_text(report::describe(found.said->wanted)));
    } else {
        out.fact("signed", "no");
        out.fact("complete", "not checked: without a signature nothing says which rows there were");
    }
    print_problems(out, found.problems);
}

void print_outside(screen& out, const ledger::checkpoint_file& found) {
    std::string text = count_text(static_cast<std::int64_t>(found.all.size()), "signed head, kept elsewhere",
                                  "signed heads, kept elsewhere");
    if (!found.torn.empty())
        text += "; " +
                count_text(static_cast<std::int64_t>(found.torn.size()), "line is torn", "lines are torn") +
                ", the first is line " + std::to_string(found.torn.front());
    out.fact("checkpoints", text);
}

struct options {
    std::string report, checkpoints;
};

struct findings {
    ledger::verification ledger;
    std::optional<report::check_result> report;
    ledger::checkpoint_file outside;

    bool holds() const { return ledger.problems.empty() && (!report || report->problems.empty()); }
};

findings look(surroundings& here, const options& asked) {
    findings found;
    if (!asked.checkpoints.empty()) found.outside = ledger::checkpoints_in(asked.checkpoints);
    if (!asked.report.empty()) found.report = report::check_against(here.ledger(), asked.report);
    if (found.report && found.report->said) found.outside.all.push_back(found.report->said->head);
    found.ledger = here.ledger().verify(found.outside.all);
    return found;
}

json document_of(surroundings& here, const options& asked, const findings& found) {
    json document{{"holds", found.holds()},
                  {"ledger",
                   {{"file", here.settings().ledger.file.string()},
                    {"events", found.ledger.events},
                    {"head_hash", found.ledger.head_hash},
                    {"problems", found.ledger.problems}}}};
    if (!asked.checkpoints.empty())
        document["checkpoints"] = {{"file", asked.checkpoints},
                                   {"count", found.outside.all.size()},
                                   {"torn_lines", found.outside.torn}};
    if (!found.report) return document;
    document["report"] = {{"file", asked.report},
                          {"rows", found.report->rows},
                          {"signed", found.report->said.has_value()},
                          {"completeness_checked", found.report->completeness_checked()},
                          {"problems", found.report->problems}};
    if (found.report->said) document["report"]["signer_sha256"] = found.report->signer_sha256;
    if (found.report->said)
        document["report"]["says"] = json::parse(report::to_json_text(*found.report->said));
    return document;
}

exit_status verify(surroundings& here, const options& asked) {
    const auto found = look(here, asked);
    if (here.wants_json) {
        here.out.line(indented(document_of(here, asked, found)));
    } else {
        print_ledger(here, found.ledger);
        if (!asked.checkpoints.empty()) print_outside(here.out, found.outside);
        if (found.report) print_report(here.out, asked.report, *found.report);
    }
    return found.holds() ? exit_status::yes : exit_status::no;
}

}  // namespace

void add_audit(words& parent) {
    auto word = parent.word("audit", "Check the ledger");
    auto verb = word.word("verify", "Recompute the event chain and what is derived from it");
    auto asked = std::make_shared<options>();
    verb.option("--checkpoints", asked->checkpoints,
                "Also hold the ledger against signed heads that were kept elsewhere", "FILE");
    verb.option("--report", asked->report, "Also check this report, and its signature, against the ledger",
                "FILE");
    verb.does([asked](surroundings& here) { return verify(here, *asked); });
}

}  // namespace fleetline::cli
