// SPDX-License-Identifier: Apache-2.0
#include "report/check.hpp"

#include <algorithm>
#include <bitset>
#include <cstdlib>
#include <unordered_map>
#include <utility>

#include "core/encoding.hpp"
#include "report/columns.hpp"
#include "report/report_file.hpp"
#include "report/signed_report.hpp"
#include "report/writer.hpp"

namespace fleetline::report {

namespace {

constexpr std::size_t most_problems = 1000;

using cells = std::vector<std::string>;

std::size_t index_of(std::string_view name) {
    const auto all = columns();
    return static_cast<std::size_t>(
        std::find_if(all.begin(), all.end(), [name](const column& one) { return one.name == name; }) -
        all.begin());
}

const std::string& cell_of(const cells& row, std::string_view name) {
    return row.at(index_of(name));
}

/// The ledger's row of an attempt, found by when it began: every attempt has that, not every one a serial.
std::optional<ledger::attempt_row> recorded(const ledger::reader& ledger, const cells& row) {
    const auto started = parse_rfc3339(cell_of(row, "started_at"));
    if (!started) return std::nullopt;
    ledger::filter wanted;
    wanted.since = *started;
    wanted.until = *started + milliseconds{1};
    std::optional<ledger::attempt_row> found;
    ledger.attempts(wanted, [&](const ledger::attempt_row& one) {
        if (one.attempt_id != cell_of(row, "attempt_id")) return true;
        found = one;
        return false;
    });
    return found;
}

/// Text as the csv has it once its quotes are gone.
std::string as_read_from_csv(const std::string& text) {
    std::string cell = csv_cell(text);
    if (!cell.starts_with('"')) return cell;
    std::string plain;
    for (std::size_t i = 1; i + 1 < cell.size(); ++i) {
        plain += cell[i];
        if (cell[i] == '"') ++i;
    }
    return plain;
}

std::string expected_cell(const column& of, const ledger::attempt_row& row, bool csv) {
    auto text = cell_text(of, row);
    const bool is_text = std::holds_alternative<text_member>(of.value);
    return csv && is_text ? as_read_from_csv(text) : text;
}

std::string check_event(const std::vector<ledger::event_row>& events, const cells& row) {
    const auto& seq = cell_of(row, "event_seq");
    for (const auto& event : events) {
        if (std::to_string(event.seq) != seq) continue;
        if (event.hash == cell_of(row, "event_hash")) return {};
        return "event " + seq + " has another hash in the ledger";
    }
    return "event " + seq + " of this attempt is not in the ledger";
}

constexpr std::string_view finish = "attempt-finished";

/// Which events of an attempt write a column (lib/ledger/projection.cpp); the others stand from its start on.
constexpr std::pair<std::string_view, std::string_view> writers[] = {
    {"serial", " identified admitted serial-assigned "},
    {"serial_source", " identified serial-assigned "},
    {"order", " admitted "},
    {"operator", " admitted "},
    {"dialect", " identified "},
    {"firmware_version", " identified "},
    {"finished_at", " attempt-finished "},
    {"duration_ms", " attempt-finished "},
    {"outcome", " attempt-finished "},
    {"failure_code", " attempt-finished "},
    {"failure_step", " attempt-finished "},
    {"thing_name", " csr-made registration-requested registered delivery-started delivered proved "},
    {"certificate_id", " csr-made issued registration-requested delivery-started delivered proved "},
    {"certificate_sha256", " csr-made issued registration-requested delivery-started delivered proved "},
    {"certificate_not_after", " csr-made issued registration-requested delivery-started delivered proved "},
    {"public_key_sha256", " csr-made resumed issued "},
    {"key_origin", " csr-made resumed "},
    {"proof", " proved "},
    {"template", " admitted registration-requested "},
};

bool writes(const ledger::event_row& event, std::string_view column) {
    for (const auto& [name, kinds] : writers)
        if (name == column) return kinds.find(' ' + event.kind + ' ') != std::string_view::npos;
    return false;
}

/// What came after a row was exported and may have changed it: nothing does once the attempt has ended.
std::vector<ledger::event_row> later_events(const std::vector<ledger::event_row>& events, const cells& row) {
    const auto& seq = cell_of(row, "event_seq");
    std::vector<ledger::event_row> later;
    bool is_later = false;
    for (const auto& event : events) {
        if (is_later) later.push_back(event);
        is_later = is_later || std::to_string(event.seq) == seq;
        if (event.kind == finish) break;
    }
    return later;
}

/// What a row must say, as far as that is known of one that was exported before the attempt had ended.
std::optional<std::string> must_say(const column& of, const ledger::attempt_row& now, bool csv,
                                    bool has_ended, const std::vector<ledger::event_row>& later) {
    if (of.name.starts_with("event_")) return std::nullopt;  // they are compared by themselves
    // What replaces what is also told by other attempts' events.
    if (of.name == "replaces_certificate_id" && !has_ended) return std::nullopt;
    for (const auto& event : later) {
        if (of.name == "clock_synchronised" && !event.clock_synchronised) return std::nullopt;
        if (!writes(event, of.name)) continue;
        if (event.kind == finish) return std::string{};
        return std::nullopt;
    }
    return expected_cell(of, now, csv);
}

/// The attempts whose row was seen, by their first event: some bits for each, in blocks, as a falsified
/// ledger may have whatever numbers.
class seen_attempts {
  public:
    /// False: it was there already.
    bool add(std::int64_t first_event) {
        auto bit = seen_[first_event / block][static_cast<std::size_t>(std::abs(first_event % block))];
        if (bit) return false;
        bit = true;
        return true;
    }

  private:
    static constexpr std::int64_t block = 4096;
    std::unordered_map<std::int64_t, std::bitset<block>> seen_;
};

/// What is wrong with a row, or nothing.
std::string check_row(const ledger::reader& ledger, const cells& row, bool csv, seen_attempts& seen) {
    const auto found = recorded(ledger, row);
    if (!found) return "the ledger has no such attempt (" + cell_of(row, "attempt_id") + ')';
    const auto events = ledger.events_of(found->attempt_id);
    if (auto wrong = check_event(events, row); !wrong.empty()) return wrong;
    if (!seen.add(events.front().seq)) return "this attempt has a row already (" + found->attempt_id + ')';
    const auto later = later_events(events, row);
    const bool has_ended = !found->outcome.empty() && later.empty();
    for (std::size_t i = 0; i < columns().size(); ++i) {
        const auto& column = columns()[i];
        const auto expected = must_say(column, *found, csv, has_ended, later);
        if (!expected || row[i] == *expected) continue;
        return std::string{column.name} + " is '" + row[i] + "' in the report and '" +
               (expected->empty() ? *expected : cell_text(column, *found)) + "' in the ledger" +
               (has_ended ? "" : " at event " + cell_of(row, "event_seq"));
    }
    return {};
}

void complain(check_result& result, const std::string& text) {
    if (result.problems.size() < most_problems) result.problems.push_back(printable(text, 400));
}

void check_rows(const ledger::reader& ledger, report_file& file, check_result& result) {
    seen_attempts seen;
    for (;;) {
        const auto row = file.next();
        if (!row) return complain(result, "line " + std::to_string(file.line()) + ": " + row.why_not());
        if (!*row) return;
        ++result.rows;
        const auto wrong = check_row(ledger, **row, file.is_csv(), seen);
        if (!wrong.empty())
            complain(result, "row " + std::to_string(result.rows) + " (serial " + cell_of(**row, "serial") +
                                 "): " + wrong);
    }
}

void check_signature(const ledger::reader& ledger, const std::filesystem::path& report,
                     check_result& result) {
    const auto found = signature_of(report);
    if (!found) return;
    result.is_signed = true;
    const auto& signature = *found;
    if (!signature) return complain(result, "its signature: " + signature.why_not());
    result.is_of_this_station = ledger.knows_signer(signature->certificate_sha256);
    if (!result.is_of_this_station)
        complain(result, "its signature: it is not this station's, but that of certificate " +
                             signature->certificate_sha256);
    result.said = signature->what;
    result.signer_sha256 = signature->certificate_sha256;
}

}  // namespace

check_result check_against(const ledger::reader& ledger, const std::filesystem::path& report) {
    check_result result;
    report_file file{report};
    check_signature(ledger, report, result);
    result.rows_compared = file.has_rows();
    if (file.is_empty() && !result.is_signed) {
        complain(result, "it is empty, and without a signature that is no report");
    } else if (file.has_rows()) {
        check_rows(ledger, file, result);
        if (result.said && result.rows != result.said->rows)
            complain(result, "it has " + std::to_string(result.rows) + " rows, and says " +
                                 std::to_string(result.said->rows));
    } else if (!result.is_signed) {
        complain(result, "it has no signature, and only csv and jsonl can be compared row by row");
    } else if (result.said) {
        result.rows = result.said->rows;
    }
    return result;
}

}  // namespace fleetline::report
