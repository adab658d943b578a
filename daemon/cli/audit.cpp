// SPDX-License-Identifier: Apache-2.0
// fleetline audit verify: does the ledger hold, and does a report fit it?
#include <cctype>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

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
    out.fact("signed", !found.checkpoints_checked ? "not looked at: the ledger is damaged"
                       : found.signed_heads == 0
                           ? "no head of it is"
                           : count_text(found.signed_heads, "head", "heads") + ", the last at event " +
                                 std::to_string(found.last_signed));
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
             (found.rows_compared ? count_text(found.rows, "row", "rows")
                                  : "rows are not compared in this format"));
    if (found.said) {
        out.fact("signed", "by station " + safe_text(found.said->station) + " at " +
                               time_text(safe_text(found.said->made_at)) + " UTC");
        out.fact("signer", "SHA-256 " + fingerprint_text(found.signer_sha256));
        out.fact("holds", safe_text(report::describe(found.said->wanted)) +
                              (found.rows_compared
                                   ? ""
                                   : ", by its signed description " + count_text(found.rows, "row", "rows")));
    } else if (found.is_signed) {
        out.fact("signed", "yes, but it does not fit");
        out.fact("complete", "not checked: the signature that says which rows there were does not hold");
    } else {
        out.fact("signed", "no");
        out.fact("complete", "not checked: without a signature nothing says which rows there were");
    }
    print_problems(out, found.problems);
}

struct options {
    std::string report, checkpoints;
};

/// Signed heads that were kept elsewhere: those of this station are held against the ledger.
struct outside_heads {
    ledger::checkpoint_file file;
    std::int64_t of_other_stations = 0;
    bool compared = false;

    std::int64_t count() const { return std::ssize(file.all) - of_other_stations; }
    /// A file that says nothing about this ledger is not one that it fits.
    std::vector<std::string> problems() const {
        if (count() > 0 || (!compared && !file.all.empty())) return {};
        if (!file.all.empty()) return {"none of them is of a station that this ledger knows"};
        if (file.torn.empty()) return {"there is none in the file"};
        return {"there is none in the file, line " + std::to_string(file.torn.front()) + ": " +
                file.why_torn};
    }
};

void print_outside(screen& out, const outside_heads& found) {
    std::string text =
        count_text(found.count(), "signed head, kept elsewhere", "signed heads, kept elsewhere");
    if (found.of_other_stations > 0)
        text += "; " + std::to_string(found.of_other_stations) + " of other stations";
    if (!found.compared) text += "; not compared: the ledger is damaged";
    if (const auto& torn = found.file.torn; !torn.empty())
        text += "; " + count_text(std::ssize(torn), "line is torn", "lines are torn") +
                ", the first is line " + std::to_string(torn.front());
    out.fact("checkpoints", text);
    print_problems(out, found.problems());
}

struct findings {
    ledger::verification ledger;
    std::optional<report::check_result> report;
    std::optional<outside_heads> outside;

    bool holds() const {
        return ledger.problems.empty() && (!report || report->problems.empty()) &&
               (!outside || outside->problems().empty());
    }
};

findings look(surroundings& here, const options& asked) {
    findings found;
    std::vector<ledger::checkpoint> heads;
    if (!asked.checkpoints.empty()) {
        found.outside.emplace().file = ledger::checkpoints_in(asked.checkpoints);
        heads = found.outside->file.all;
    }
    if (!asked.report.empty()) found.report = report::check_against(here.ledger(), asked.report);
    // A stranger's says nothing about this ledger.
    if (found.report && found.report->is_of_this_station) heads.push_back(found.report->said->head);
    found.ledger = here.ledger().verify(std::move(heads));
    if (found.outside) {
        found.outside->of_other_stations = found.ledger.of_other_stations;
        found.outside->compared = found.ledger.checkpoints_checked;
    }
    return found;
}

json document_of(surroundings& here, const options& asked, const findings& found) {
    json document{{"holds", found.holds()},
                  {"ledger",
                   {{"file", here.settings().ledger.file.string()},
                    {"events", found.ledger.events},
                    {"head_hash", found.ledger.head_hash},
                    {"problems", found.ledger.problems}}}};
    if (found.ledger.checkpoints_checked) {
        document["ledger"]["signed_heads"] = found.ledger.signed_heads;
        document["ledger"]["last_signed_event"] = found.ledger.last_signed;
    }
    if (found.outside)
        document["checkpoints"] = {{"file", asked.checkpoints},
                                   {"count", found.outside->count()},
                                   {"compared", found.outside->compared},
                                   {"of_other_stations", found.outside->of_other_stations},
                                   {"torn_lines", found.outside->file.torn},
                                   {"problems", found.outside->problems()}};
    if (!found.report) return document;
    document["report"] = {{"file", asked.report},
                          {"rows", found.report->rows},
                          {"rows_compared", found.report->rows_compared},
                          {"signed", found.report->is_signed},
                          {"signature_holds", found.report->said.has_value()},
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
        if (found.outside) print_outside(here.out, *found.outside);
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
