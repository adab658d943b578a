// SPDX-License-Identifier: Apache-2.0
// fleetline certificates mark-revoked: somebody with AWS rights has revoked a certificate, and says so.
// Straight into the ledger, also while the daemon runs (writers wait for one another, and each reads the
// chain's head anew): whoever may write the ledger may say it, and no station need be up for it.
#include <memory>
#include <utility>

#include "cli/action.hpp"
#include "cli/command.hpp"
#include "cli/text.hpp"
#include "core/recorded_text.hpp"
#include "core/time_source.hpp"
#include "ledger/care.hpp"

namespace fleetline::cli {

namespace {

struct options {
    std::string id, by, note;
};

constexpr std::size_t least_digits = 8;

/// The one certificate whose id begins so.
ledger::certificate_row meant_by(surroundings& here, std::string id) {
    for (char& c : id)
        if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');  // as some consoles show it
    if (id.size() < least_digits)
        throw command_error(exit_status::usage, "'" + safe_text(id) + "' is too short for a certificate id",
                            "Give 8 or more of its digits.");
    std::vector<ledger::certificate_row> fitting;
    for (const auto& serial : here.ledger().find(id))
        for (auto& row : here.ledger().certificates_of(serial))
            if (row.certificate_id.starts_with(id)) fitting.push_back(std::move(row));
    if (fitting.empty())
        throw command_error(exit_status::no, "there is no certificate '" + safe_text(id) + "'");
    if (fitting.size() > 1)
        throw command_error(exit_status::no, "'" + safe_text(id) + "' fits several certificates",
                            "Give more of its digits.");
    return fitting.front();
}

std::string recorded(const char* option, const std::string& text, std::size_t longest) {
    auto fit = recordable(text, longest);
    if (!fit) throw command_error(exit_status::usage, std::string{option} + ": " + fit.why_not());
    return std::move(*fit);
}

exit_status mark(surroundings& here, const options& asked) {
    ledger::certificate_revoked event;
    event.by = recorded("--by", asked.by, longest_person);
    event.note = recorded("--note", asked.note, longest_remark);
    const auto row = meant_by(here, asked.id);
    if (row.state == "revoked")
        throw command_error(exit_status::no, "certificate " + short_id(row.certificate_id) +
                                                 " is marked revoked already, by " +
                                                 safe_text(row.revoked_by));
    event.certificate = certificate_id(row.certificate_id);
    system_time_source time;
    const auto done = ledger::record(here.station_ledger(), std::move(event), time);
    const json answer{{"certificate", row.certificate_id}, {"event", done.seq}};
    std::string words = "certificate " + short_id(row.certificate_id) + " of " + safe_text(row.serial) +
                        " is recorded as revoked";
    if (row.state == "current") words += "; it was the one that its board uses";
    return say_done(here, answer, words);
}

}  // namespace

void add_mark_revoked(words& certificates) {
    auto word = certificates.optional_word(
        "mark-revoked", "Record that somebody with the right to has revoked a certificate in the cloud");
    auto asked = std::make_shared<options>();
    word.argument("ID", asked->id, "The certificate's id, of which 8 digits will do");
    word.option("--by", asked->by, "Who revoked it", {"NAME", {}, true});
    word.option("--note", asked->note, "Why, under which ticket: it is recorded", {"TEXT", {}, true});
    word.does([asked](surroundings& here) { return mark(here, *asked); });
}

}  // namespace fleetline::cli
