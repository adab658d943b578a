// SPDX-License-Identifier: Apache-2.0
// fleetline report: the audit report.
#include "report/writer.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "cli/command.hpp"
#include "cli/options.hpp"
#include "core/failure.hpp"
#include "core/logger.hpp"
#include "ledger/care.hpp"
#include "ledger/station_key.hpp"
#include "report/signed_report.hpp"

namespace fleetline::cli {

namespace {

struct options {
    filter_options filter;
    std::string format;
    std::string file;
    bool include_failed = false;
    bool sign = false;
};

std::unique_ptr<report::writer> make_writer(surroundings& here, const options& asked,
                                            const ledger::filter& wanted, report::output& to) {
    if (asked.format == "csv") return report::make_csv_writer(to);
    if (asked.format == "jsonl") return report::make_jsonl_writer(to);
    auto front = report::make_cover(here.ledger(), here.settings().station.id, wanted, here.now);
    if (asked.format == "xlsx") return report::make_xlsx_writer(to, std::move(front));
    return report::make_pdf_writer(to, std::move(front));
}

/// The key is the service's alone: whoever signs acts for the station.
ledger::station_key key_of(surroundings& here, const ledger::options& station) {
    const auto file = station.key_directory / "station.key";
    if (::access(file.c_str(), R_OK) == 0) return {station.key_directory, station.station, here.now};
    const int why = errno;
    if (why == ENOENT)
        throw command_error(exit_status::no, "the station has no key yet (" + file.string() + ')',
                            "fleetlined makes it when it is first started.");
    throw command_error(exit_status::not_permitted,
                        "you may not read the station's key " + file.string() + ": " + std::strerror(why),
                        "Be the user 'fleetline', or use sudo.");
}

/// The head is signed after the last row was read, so that it covers every event the report names.
void sign_and_commit(surroundings& here, const options& asked, const ledger::filter& wanted,
                     std::int64_t rows, report::output& to) {
    const auto station = here.station_ledger();
    const auto key = key_of(here, station);
    report::manifest said;
    said.format = asked.format;
    said.station = station.station;
    said.made_at = to_rfc3339(here.now);
    said.wanted = wanted;
    said.rows = rows;
    const logger complaints(logger::target::standard_error);
    said.head = ledger::sign_head(station, here.now, complaints);
    report::commit_signed(to, asked.file, key, said);
}

/// Whoever may sign leaves a signed head behind with every export. For others there is those of the station.
void leave_checkpoint(surroundings& here) {
    const auto& file = here.settings().ledger.file;
    const auto key = file.parent_path() / "station.key";
    if (::access(key.c_str(), R_OK) != 0 || ::access(file.c_str(), W_OK) != 0) return;
    const logger complaints(logger::target::standard_error);
    try {
        ledger::sign_head(here.station_ledger(), here.now, complaints);
    } catch (const failure& why) {
        complaints.warning(std::string("The ledger's head is not signed: ") + why.what());
    }
}

bool is_same(const std::filesystem::path& one, const std::filesystem::path& other) {
    std::error_code error;
    if (std::filesystem::equivalent(one, other, error)) return true;
    const auto is = std::filesystem::weakly_canonical(report::end_of_links(one), error);
    return !error && is == std::filesystem::weakly_canonical(other, error) && !error;
}

/// A report that took the place of one of these would take the station's memory, its name or its access.
void must_not_be_the_stations(surroundings& here, const std::filesystem::path& file) {
    const auto& set = here.settings();
    const auto keys = set.ledger.file.parent_path();
    std::vector<std::filesystem::path> theirs{keys / "station.key",       keys / "station.pem",
                                              set.ledger.checkpoint_file, here.config_file(),
                                              set.cloud.ca_file,          set.cloud.claim_certificate_file,
                                              set.cloud.claim_key_file,   set.api.tls_certificate_file,
                                              set.api.tls_key_file};
    for (const auto* ending : {"", "-wal", "-shm", "-journal"})
        theirs.emplace_back(report::end_of_links(set.ledger.file).string() + ending);
    for (const auto& one : theirs)
        if (!one.empty() && is_same(file, one))
            throw command_error(exit_status::usage,
                                "a report in the place of " + file.string() +
                                    " would destroy a file of the station (" + one.string() + ')',
                                "Name another file with -o FILE.");
}

/// Everything that may keep a report from its place, before the work and not after it.
report::output opened(surroundings& here, const options& asked) {
    must_not_be_the_stations(here, asked.file);
    auto file = report::output::to_file(asked.file);
    if (!asked.sign) return file;
    if (file.unfinished().empty())
        throw command_error(
            exit_status::usage,
            "--sign needs a file to put the signature beside, and " + asked.file + " is no regular file",
            "Name another one with -o FILE.");
    for (const auto& beside : {report::signature_file(asked.file), report::certificate_file(asked.file)}) {
        must_not_be_the_stations(here, beside);
        std::error_code error;
        const auto there = std::filesystem::status(beside, error);
        if (std::filesystem::exists(there) && !std::filesystem::is_regular_file(there))
            throw command_error(exit_status::usage, beside.string() + " is in the signature's way",
                                "Name another file with -o FILE.");
    }
    return file;
}

exit_status write(surroundings& here, const options& asked) {
    auto wanted = asked.filter.as_filter(here.now);
    wanted.newest_first = false;
    if (!asked.include_failed) wanted.outcome = "passed";
    const auto& ledger = here.ledger();

    if (asked.sign && (asked.file.empty() || asked.file == "-"))
        throw command_error(exit_status::usage, "--sign needs a file to put the signature beside",
                            "Name it with -o FILE.");
    if (asked.sign) key_of(here, here.station_ledger());  // say so before the work, not after it
    if (asked.file.empty() && here.out.is_terminal() && (asked.format == "xlsx" || asked.format == "pdf"))
        throw command_error(exit_status::usage, asked.format + " is not for a terminal",
                            "Name a file with -o FILE.");
    std::optional<report::output> file;
    if (!asked.file.empty() && asked.file != "-") file.emplace(opened(here, asked));
    report::output& to = file ? *file : here.out.raw();
    ledger.hold_still();
    const auto writer = make_writer(here, asked, wanted, to);
    std::int64_t rows = 0;
    ledger.attempts(wanted, [&](const ledger::attempt_row& row) {
        writer->row(row);
        ++rows;
        return true;
    });
    writer->finish();
    ledger.move_on();  // to sign, somebody may have to switch the file to its log, which takes it whole
    if (asked.sign) {
        sign_and_commit(here, asked, wanted, rows, to);
    } else {
        leave_checkpoint(here);
        const bool replaces = file && !file->unfinished().empty();
        to.commit();
        if (replaces) report::remove_signature(asked.file);
    }
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
    word.flag("--sign", asked->sign, "Also FILE.p7s, a signature that openssl checks, and FILE.station.pem");
    word.option("-o,--output", asked->file, "Where to, if not to standard output", "FILE");
    word.does([asked](surroundings& here) { return write(here, *asked); });
}

}  // namespace fleetline::cli
