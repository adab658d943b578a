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

exit_status say(surroundings& here, const ledger::verification& found, const std::string& file,
                std::string_view did) {
    if (here.wants_json)
        here.out.line(indented({{"file", file}, {"events", found.events}, {"head_hash", found.head_hash}}));
    else
        here.out.line(std::string(did) + safe_text(file) + ": verified, " +
                      count_text(found.events, "event", "events") + ", head " + found.head_hash);
    return exit_status::yes;
}

/// What is wrong with the copy or its place is a "no"; only the station's own ledger is worth a 5.
[[noreturn]] void refuse(const failure& why, std::string advice) {
    throw command_error(exit_status::no, why.what(), std::move(advice));
}

exit_status backup(surroundings& here, const std::string& file) {
    here.ledger();
    const auto& ledger = here.settings().ledger.file;
    try {
        return say(here, ledger::backup(ledger, file), file, "Backup ");
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

exit_status restore(surroundings& here, const std::string& file) {
    must_be_stopped(here);
    const auto& ledger = here.settings().ledger.file;
    try {
        const auto found = ledger::restore(file, ledger);
        return say(here, found, ledger.string(), "Restored ");
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
