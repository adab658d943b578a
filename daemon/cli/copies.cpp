// SPDX-License-Identifier: Apache-2.0
// fleetline backup, restore: a verified copy of the ledger, made while the station works and put back when it
// does not.
#include <unistd.h>

#include <memory>

#include "cli/api_client.hpp"
#include "cli/command.hpp"
#include "cli/json_view.hpp"
#include "cli/text.hpp"
#include "core/failure.hpp"
#include "ledger/care.hpp"

namespace fleetline::cli {

namespace {

json document_of(const ledger::verification& found, const std::string& file) {
    return {{"file", file}, {"events", found.events}, {"head_hash", found.head_hash}};
}

std::string text_of(const ledger::verification& found, const std::string& file) {
    return safe_text(file) + ": verified, " + count_text(found.events, "event", "events") + ", head " +
           found.head_hash;
}

/// Whoever took the wrong backup sees it here.
std::string text_of_replaced(const ledger::restoration& done) {
    const std::string kept = "kept as " + safe_text(done.kept.string());
    if (!done.replaced_events) return "What it replaced cannot be read, and is " + kept;
    const std::string lost = std::to_string(done.lost_events);
    const bool is_longer = *done.replaced_events - done.lost_events == done.restored.events;
    return "The ledger it replaced had " + count_text(*done.replaced_events, "event", "events") + ", " +
           (done.lost_events == 0 ? "all of which this one has"
            : is_longer           ? lost + " more than this one"
                                  : lost + " of which this one does not have") +
           ", and is " + kept;
}

/// What is wrong with the copy or its place is a "no"; only the station's own ledger is worth a 5.
[[noreturn]] void refuse(const failure& why, std::string advice) {
    throw command_error(exit_status::no, why.what(), std::move(advice));
}

exit_status backup(surroundings& here, const std::string& file) {
    here.ledger();
    const auto& ledger = here.settings().ledger.file;
    try {
        const auto found = ledger::backup(ledger, file);
        here.out.line(here.wants_json ? indented(document_of(found, file))
                                      : "Backup " + text_of(found, file));
        return exit_status::yes;
    } catch (const failure& why) {
        if (why.subject() == ledger.string()) throw;
        refuse(why, "");
    }
}

void must_be_stopped(surroundings& here) {
    const auto& socket = here.settings().api.socket;
    if (const auto answer = api_client(socket).request("GET", "/healthz"); answer)
        throw command_error(exit_status::no, "fleetlined is running (" + socket.string() + ')',
                            "Stop it first: systemctl stop fleetlined");
}

exit_status say(surroundings& here, const ledger::restoration& done) {
    const auto& file = here.settings().ledger.file.string();
    if (here.wants_json) {
        auto document = document_of(done.restored, file);
        if (!done.kept.empty()) document["kept"] = done.kept.string();
        if (done.replaced_events) {
            document["replaced_events"] = *done.replaced_events;
            document["lost_events"] = done.lost_events;
        }
        here.out.line(indented(document));
    } else {
        here.out.line("Restored " + text_of(done.restored, file));
        if (!done.kept.empty()) here.out.line(text_of_replaced(done));
    }
    return exit_status::yes;
}

exit_status restore(surroundings& here, const std::string& file) {
    must_be_stopped(here);
    const auto& ledger = here.settings().ledger.file;
    try {
        return say(here, ledger::restore(file, ledger));
    } catch (const failure& why) {
        refuse(why, why.code() == "station-ledger-busy" ? "Stop it first: systemctl stop fleetlined"
                                                        : "The ledger was left as it is.");
    }
}

}  // namespace

void add_backup(words& parent) {
    auto word = parent.word("backup", "Copy the ledger, also while the station works, and verify the copy");
    auto file = std::make_shared<std::string>();
    word.argument("FILE", *file, "Where to; an older backup there is replaced");
    word.does([file](surroundings& here) { return backup(here, *file); });
}

void add_restore(words& parent) {
    auto word = parent.word("restore", "Put a backup in the ledger's place, while the station is stopped");
    auto file = std::make_shared<std::string>();
    word.argument("FILE", *file, "The backup; it is refused if it does not verify");
    word.does([file](surroundings& here) { return restore(here, *file); });
}

}  // namespace fleetline::cli
