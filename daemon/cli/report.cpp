// SPDX-License-Identifier: Apache-2.0
// fleetline report: the audit report.
#include "report/writer.hpp"

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>

#include "cli/command.hpp"
#include "cli/options.hpp"

namespace fleetline::cli {

namespace {

struct options {
    filter_options filter;
    std::string format;
    std::filesystem::path file;
    bool include_failed = false;
};

std::unique_ptr<report::writer> make_writer(const std::string& format, report::output& to) {
    if (format == "jsonl") return report::make_jsonl_writer(to);
    return report::make_csv_writer(to);
}

exit_status write(surroundings& here, const options& asked) {
    auto wanted = asked.filter.as_filter(here.now);
    wanted.newest_first = false;
    if (!asked.include_failed) wanted.outcome = "passed";
    const auto& ledger = here.ledger();

    std::optional<report::output> file;
    if (!asked.file.empty() && asked.file != "-") file.emplace(report::output::to_file(asked.file));
    report::output& to = file ? *file : here.out.raw();
    const auto writer = make_writer(asked.format, to);
    ledger.attempts(wanted, [&writer](const ledger::attempt_row& row) {
        writer->row(row);
        return true;
    });
    writer->finish();
    to.commit();
    return exit_status::yes;
}

}  // namespace

void add_report(CLI::App& parent, command_line& line) {
    auto* word = parent.add_subcommand(
        "report", "Write the audit report: which board became which thing, with which certificate");
    auto asked = std::make_shared<options>();
    word->add_option("--format", asked->format, "csv or jsonl")
        ->required()
        ->type_name("FORMAT")
        ->check(CLI::IsMember({"csv", "jsonl"}));
    asked->filter.add_period(*word);
    asked->filter.add_selection(*word);
    word->add_flag("--include-failed", asked->include_failed, "Also the attempts that did not pass");
    word->add_option("-o,--output", asked->file, "Where to, if not to standard output")->type_name("FILE");
    word->callback(
        [&line, asked] { line.chosen = [asked](surroundings& here) { return write(here, *asked); }; });
}

}  // namespace fleetline::cli
