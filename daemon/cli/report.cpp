// SPDX-License-Identifier: Apache-2.0
// fleetline report: the audit report.
#include "report/writer.hpp"

#include <memory>
#include <optional>

#include "cli/command.hpp"
#include "cli/options.hpp"

namespace fleetline::cli {

namespace {

struct options {
    filter_options filter;
    std::string format;
    std::string file;
    bool include_failed = false;
};

std::unique_ptr<report::writer> make_writer(surroundings& here, const options& asked,
                                            const ledger::filter& wanted, report::output& to) {
    if (asked.format == "csv") return report::make_csv_writer(to);
    if (asked.format == "jsonl") return report::make_jsonl_writer(to);
    auto front = report::make_cover(here.ledger(), wanted, here.now);
    if (asked.format == "xlsx") return report::make_xlsx_writer(to, std::move(front));
    return report::make_pdf_writer(to, std::move(front));
}

exit_status write(surroundings& here, const options& asked) {
    auto wanted = asked.filter.as_filter(here.now);
    wanted.newest_first = false;
    if (!asked.include_failed) wanted.outcome = "passed";
    const auto& ledger = here.ledger();

    if (asked.file.empty() && here.out.is_terminal() && (asked.format == "xlsx" || asked.format == "pdf"))
        throw command_error(exit_status::usage, asked.format + " is not for a terminal",
                            "Name a file with -o FILE.");
    std::optional<report::output> file;
    if (!asked.file.empty() && asked.file != "-") file.emplace(report::output::to_file(asked.file));
    report::output& to = file ? *file : here.out.raw();
    const auto writer = make_writer(here, asked, wanted, to);
    ledger.attempts(wanted, [&writer](const ledger::attempt_row& row) {
        writer->row(row);
        return true;
    });
    writer->finish();
    to.commit();
    return exit_status::yes;
}

}  // namespace

void add_report(words& parent) {
    auto word = parent.word("report",
                            "Write the audit report: which board became which thing, with which certificate");
    auto asked = std::make_shared<options>();
    word.option("--format", asked->format, "csv, jsonl, xlsx or pdf",
                {"FORMAT", {"csv", "jsonl", "xlsx", "pdf"}, true});
    asked->filter.add_period(word);
    asked->filter.add_selection(word);
    word.flag("--include-failed", asked->include_failed, "Also the attempts that did not pass");
    word.option("-o,--output", asked->file, "Where to, if not to standard output", "FILE");
    word.does([asked](surroundings& here) { return write(here, *asked); });
}

}  // namespace fleetline::cli
