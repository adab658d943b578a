// SPDX-License-Identifier: Apache-2.0
// fleetline show: everything recorded about one board.
#include <memory>
#include <optional>
#include <utility>

#include "cli/command.hpp"
#include "cli/json_view.hpp"
#include "cli/story.hpp"
#include "cli/text.hpp"
#include "station/failure_catalogue.hpp"

namespace fleetline::cli {

namespace {

struct options {
    std::string key;
    bool transcript = false;
    bool pem = false;
};

/// What is told: a board and its attempts, or one attempt, whose board may not have said its serial number.
struct subject {
    std::string serial;
    std::vector<ledger::attempt_row> attempts;  ///< newest first
};

/// The one board that is meant, or why there is none.
std::string one_of(const std::vector<std::string>& serials, const std::string& key) {
    for (const auto& serial : serials) {
        if (serial == key) return serial;
    }
    if (serials.empty())
        throw command_error(exit_status::no, "nothing is recorded about '" + safe_text(key) + "'",
                            "Give a serial number, a thing name, 8 or more digits of a certificate id, or an "
                            "attempt's id.");
    if (serials.size() == 1) return serials.front();
    std::string names;
    for (const auto& serial : serials) names += "\n  " + safe_text(serial);
    throw command_error(exit_status::no, "'" + safe_text(key) + "' fits several boards:" + names);
}

std::vector<ledger::attempt_row> attempts_of(surroundings& here, ledger::filter wanted) {
    wanted.limit = 1000;  // a story, not a list: 'attempts' has them all
    std::vector<ledger::attempt_row> rows;
    here.ledger().attempts(wanted, [&rows](const ledger::attempt_row& row) {
        rows.push_back(row);
        return true;
    });
    return rows;
}

subject meant_by(surroundings& here, const std::string& key) {
    ledger::filter wanted;
    const auto serials = here.ledger().find(key);
    if (serials.empty()) {
        wanted.attempt = key;
        if (auto one = attempts_of(here, wanted); !key.empty() && !one.empty())
            return {one.front().serial, std::move(one)};
        wanted.attempt.clear();
    }
    wanted.serial = one_of(serials, key);
    return {wanted.serial, attempts_of(here, wanted)};
}

/// The attempt whose key and certificate the board has: the last one that passed, if any.
std::optional<ledger::attempt_row> telling_of(surroundings& here, const subject& told) {
    std::optional<ledger::attempt_row> found;
    ledger::filter wanted;
    wanted.serial = told.serial;
    wanted.outcome = "passed";
    wanted.limit = 1;
    here.ledger().attempts(wanted, [&found](const ledger::attempt_row& row) {
        found = row;
        return false;
    });
    if (!found && !told.attempts.empty()) found = told.attempts.front();
    return found;
}

void print_json(surroundings& here, const subject& told, const options& asked) {
    const auto& ledger = here.ledger();
    const auto& serial = told.serial;
    json document{{"serial", serial}};
    if (const auto device = ledger.device(serial)) document = to_json(*device);
    document["certificates"] = json::array();
    for (const auto& row : ledger.certificates_of(serial)) document["certificates"].push_back(to_json(row));
    document["attempt_list"] = json::array();
    for (const auto& row : told.attempts) {
        json attempt = to_json(row);
        attempt["events"] = json::array();
        for (const auto& event : ledger.events_of(row.attempt_id))
            attempt["events"].push_back(to_json(event));
        if (asked.transcript) attempt["transcript"] = ledger.transcript(row.attempt_id);
        document["attempt_list"].push_back(std::move(attempt));
    }
    here.out.line(indented(document));
}

std::string upper(std::string text) {
    for (char& c : text) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
    return text;
}

void print_identity(surroundings& here, const ledger::device_row& device,
                    const std::optional<ledger::attempt_row>& last) {
    auto& out = here.out;
    const auto outcome = standing_of(device);
    out.line(out.paint(ink::strong, safe_text(device.serial)) + "  " +
             out.paint(ink_of(outcome), upper(outcome)));
    const auto fact = [&out](std::string_view label, const std::string& value) {
        if (!value.empty()) out.fact(label, value);
    };
    // Without a current certificate, what it passed with: that has been revoked since, as is told below.
    const bool was_revoked =
        last && last->outcome == "passed" && outcome == "passed" && device.certificate_id.empty();
    fact("thing", safe_text(was_revoked ? last->thing_name : device.thing_name));
    fact("certificate", was_revoked ? safe_text(last->certificate_id) + "  " + out.paint(ink::bad, "revoked")
                                    : safe_text(device.certificate_id));
    if (last && !device.certificate_id.empty())
        fact("valid until", time_text(last->certificate_not_after).substr(0, 10));
    fact("product", safe_text(device.product));
    fact("order", safe_text(device.order));
    if (!last) return;
    fact("firmware", safe_text(last->firmware_version));
    fact("key", key_origin_text(last->key_origin));
    fact("proof", proof_text(last->proof));
}

void print_failure(surroundings& here, const ledger::attempt_row& attempt) {
    if (attempt.failure_code.empty()) return;
    auto& out = here.out;
    const auto& entry = station::failure_for(attempt.failure_code);
    const bool known = entry.code == attempt.failure_code;
    if (known) out.line("  " + out.paint(ink::strong, entry.text));
    if (!attempt.failure_text.empty()) out.line("  " + safe_text(attempt.failure_text));
    if (known) out.line("  " + out.paint(ink::accent, "Next: ") + std::string{entry.next_action});
}

void print_attempt(surroundings& here, const ledger::attempt_row& attempt, const options& asked) {
    auto& out = here.out;
    const std::string outcome = attempt.outcome.empty() ? "under way" : attempt.outcome;
    std::string head = time_text(attempt.started_at) + " UTC  slot " + safe_text(attempt.slot) + "  " +
                       out.paint(ink_of(outcome), outcome);
    if (attempt.duration_ms) head += " in " + duration_text(*attempt.duration_ms);
    if (!attempt.failure_code.empty()) head += "  " + safe_text(attempt.failure_code);
    if (!attempt.operator_name.empty()) head += "  by " + safe_text(attempt.operator_name);
    out.line();
    out.line(head);
    out.line(out.paint(ink::faint, "  attempt " + safe_text(attempt.attempt_id) + ", station " +
                                       safe_text(attempt.station)));
    print_failure(here, attempt);
    for (const auto& event : here.ledger().events_of(attempt.attempt_id)) {
        std::string number = std::to_string(event.seq);
        number.insert(0, number.size() < 6 ? 6 - number.size() : 0, ' ');
        out.line("  " + out.paint(ink::faint, clock_text(event.recorded_at) + ' ' + number) + "  " +
                 tell(event));
    }
    if (!asked.transcript) return;
    const auto transcript = here.ledger().transcript(attempt.attempt_id);
    if (transcript.empty()) return out.line(out.paint(ink::faint, "  no transcript is kept"));
    std::string_view rest = transcript;
    while (!rest.empty()) {
        const auto end = std::min(rest.find('\n'), rest.size());
        out.line(out.paint(ink::faint, "  | ") + safe_text(rest.substr(0, end)));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
}

void print_certificates(surroundings& here, const std::string& serial, const options& asked) {
    const auto certificates = here.ledger().certificates_of(serial);
    if (certificates.empty()) return;
    auto& out = here.out;
    out.line();
    out.line(out.paint(ink::strong, "Certificates"));
    for (const auto& row : certificates) {
        const std::string state = row.revoked_at.empty() ? row.state : "revoked";
        std::string text =
            "  " +
            (row.certificate_id.empty() ? std::string{"(id not known)"} : safe_text(row.certificate_id)) +
            "  " + out.paint(ink_of(state), safe_text(state)) + ", handed out " + time_text(row.issued_at) +
            " UTC";
        if (!row.why.empty()) text += ": " + safe_text(row.why);
        if (!row.revoked_at.empty())
            text += "; revoked " + time_text(row.revoked_at) + " UTC by " + safe_text(row.revoked_by) +
                    (row.revoked_note.empty() ? "" : ": " + safe_text(row.revoked_note));
        out.line(text);
        if (asked.pem && !row.pem.empty()) out.print(row.pem.ends_with('\n') ? row.pem : row.pem + '\n');
    }
}

exit_status show(surroundings& here, const options& asked) {
    const auto told = meant_by(here, asked.key);
    if (here.wants_json) {
        print_json(here, told, asked);
        return exit_status::yes;
    }
    if (const auto device = here.ledger().device(told.serial); device && !told.serial.empty())
        print_identity(here, *device, telling_of(here, told));
    for (const auto& attempt : told.attempts) print_attempt(here, attempt, asked);
    if (!told.serial.empty()) print_certificates(here, told.serial, asked);
    return exit_status::yes;
}

}  // namespace

void add_show(words& parent) {
    auto word = parent.word("show", "Tell everything recorded about one board, or one attempt");
    auto asked = std::make_shared<options>();
    word.argument("KEY", asked->key,
                  "A serial number, a thing name, a certificate id (8 digits will do), or an attempt's id");
    word.flag("--transcript", asked->transcript, "Also what was said over the console (secrets are masked)");
    word.flag("--pem", asked->pem, "Also the certificates themselves");
    word.does([asked](surroundings& here) { return show(here, *asked); });
}

}  // namespace fleetline::cli
