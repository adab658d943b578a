// SPDX-License-Identifier: Apache-2.0
// fleetline certificates: what the cloud handed out, and what of it must be revoked.
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "cli/command.hpp"
#include "cli/json_view.hpp"
#include "cli/table.hpp"
#include "cli/text.hpp"
#include "report/writer.hpp"

namespace fleetline::cli {

namespace {

constexpr std::int64_t not_asked = -1;

struct options {
    bool to_revoke = false;
    std::int64_t stale_days = not_asked;
    std::string format;
};

bool is_certificate_id(std::string_view id) {
    return id.size() == 64 && id.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

void as_csv(surroundings& here, const ledger::certificate_filter& wanted) {
    here.out.print(
        "certificate_id,state,serial,thing_name,attempt_id,issued_at,not_after,why,replaced_by,revoked_at,"
        "revoked_by,revoked_note\r\n");
    here.ledger().certificates(wanted, [&](const ledger::certificate_row& row) {
        std::string text;
        for (const auto* cell : {&row.certificate_id, &row.state, &row.serial, &row.thing_name,
                                 &row.attempt_id, &row.issued_at, &row.not_after, &row.why, &row.replaced_by,
                                 &row.revoked_at, &row.revoked_by, &row.revoked_note}) {
            if (cell != &row.certificate_id) text += ',';
            text += report::csv_cell(*cell);
        }
        here.out.print(text + "\r\n");
        return true;
    });
}

/// The region in an endpoint of AWS's own; empty: it has another name.
std::string region_of(std::string_view endpoint) {
    constexpr std::string_view service = ".iot.";
    const auto at = endpoint.find(service);
    const auto end = endpoint.find(".amazonaws.com", at == std::string_view::npos ? 0 : at);
    if (at == std::string_view::npos || end == std::string_view::npos) return {};
    const auto begin = at + service.size();
    if (begin >= end) return {};
    const auto region = endpoint.substr(begin, end - begin);
    const bool plain =
        region.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
    return plain ? std::string{region} : std::string{};
}

/// For whoever holds the right to revoke: a script of one command a certificate. Only ids made of safe
/// characters are put into a command. The cloud has perhaps dropped one by itself: the others are revoked
/// all the same.
void as_aws_cli(surroundings& here, const ledger::certificate_filter& wanted) {
    const auto& endpoint = here.settings().cloud.endpoint;
    const std::string region = region_of(endpoint);
    here.out.line("#!/bin/sh");
    here.out.line("# Revokes what no board of station " + safe_text(here.settings().station.id) + " holds.");
    here.out.line("# Run it for the AWS account and region of the endpoint " + safe_text(endpoint) + ':');
    here.out.line("#   aws iot describe-endpoint --endpoint-type iot:Data-ATS" +
                  (region.empty() ? std::string{} : " --region " + region));
    here.out.line("failed=''");
    here.ledger().certificates(wanted, [&](const ledger::certificate_row& row) {
        here.out.line("# " + safe_text(row.serial) + ": " + safe_text(row.state) + ", " + safe_text(row.why));
        if (!is_certificate_id(row.certificate_id)) {
            here.out.line("#   its id is not known: see 'fleetline show'");
            return true;
        }
        // A stale one's board may come back: the station must not go on with what is being revoked.
        const bool stale = row.state != "orphaned" && row.state != "superseded";
        const std::string mark = " at the station: fleetline certificates mark-revoked " +
                                 short_id(row.certificate_id) + " --by NAME --note TEXT";
        if (stale) here.out.line("#   before you run this," + mark);
        here.out.line("aws iot update-certificate" +
                      (region.empty() ? std::string{} : " --region " + region) + " --certificate-id " +
                      row.certificate_id + " --new-status REVOKED || failed=\"$failed " + row.certificate_id +
                      '"');
        if (!stale) here.out.line("#   then" + mark);
        return true;
    });
    here.out.line("[ -n \"$failed\" ] || exit 0");
    here.out.line("for id in $failed; do echo \"not revoked: $id\" >&2; done");
    here.out.line("exit 1");
}

void as_json(surroundings& here, const ledger::certificate_filter& wanted) {
    here.ledger().certificates(wanted, [&](const ledger::certificate_row& row) {
        here.out.line(one_line(to_json(row)));
        return true;
    });
}

void as_table(surroundings& here, const ledger::certificate_filter& wanted) {
    table rows{here.out, {"certificate", "state", "serial", "thing", "issued (UTC)", "valid until", "why"}};
    here.ledger().certificates(wanted, [&](const ledger::certificate_row& row) {
        const std::string state = row.revoked_at.empty() ? row.state : "revoked";
        rows.row({short_id(row.certificate_id),
                  {safe_text(state), ink_of(state)},
                  safe_text(row.serial),
                  safe_text(row.thing_name),
                  time_text(row.issued_at),
                  time_text(row.not_after).substr(0, 10),
                  safe_text(row.why)});
        return true;
    });
    if (rows.finish() == 0)
        here.out.line(
            here.out.paint(ink::faint, wanted.to_revoke ? "Nothing to revoke." : "No certificates."));
}

/// What is revoked by mistake takes a shipped board off the air: nothing is guessed.
ledger::certificate_filter filter_of(const surroundings& here, const options& asked) {
    ledger::certificate_filter wanted;
    wanted.to_revoke = asked.to_revoke;
    if (asked.format == "aws-cli" && !asked.to_revoke)
        throw command_error(exit_status::usage,
                            "--format aws-cli prints commands that revoke, and these are all certificates, "
                            "those of shipped boards too",
                            "Say --to-revoke with it.");
    if (asked.stale_days == not_asked) return wanted;
    if (!asked.to_revoke)
        throw command_error(exit_status::usage, "--stale adds to the list of --to-revoke",
                            "Say --to-revoke with it.");
    if (asked.stale_days < 1 || asked.stale_days > 36'500)
        throw command_error(exit_status::usage, "--stale is a number of days, at least 1");
    wanted.stale_before = here.now - std::chrono::days{asked.stale_days};
    return wanted;
}

exit_status list(surroundings& here, const options& asked) {
    const auto wanted = filter_of(here, asked);
    const std::string format = !asked.format.empty() ? asked.format : here.wants_json ? "json" : "table";
    if (format == "csv") {
        as_csv(here, wanted);
    } else if (format == "json") {
        as_json(here, wanted);
    } else if (format == "aws-cli") {
        as_aws_cli(here, wanted);
    } else {
        as_table(here, wanted);
    }
    return exit_status::yes;
}

}  // namespace

void add_certificates(words& parent) {
    auto word = parent.word("certificates", "List the certificates the cloud handed out, and their state");
    auto asked = std::make_shared<options>();
    word.flag("--to-revoke", asked->to_revoke, "Only those that no board holds (orphaned, superseded)");
    word.number(
        "--stale", asked->stale_days,
        "With --to-revoke: also those of boards that never passed and were last here so many days ago");
    word.option("--format", asked->format, "table, csv, json (a line each) or aws-cli (commands that revoke)",
                {"FORMAT", {"table", "csv", "json", "aws-cli"}});
    word.does([asked](surroundings& here) { return list(here, *asked); });
    add_mark_revoked(word);
}

}  // namespace fleetline::cli
