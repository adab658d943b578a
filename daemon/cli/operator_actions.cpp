// SPDX-License-Identifier: Apache-2.0
// fleetline scan, sign-on, retry, rework: what an operator or an engineer does at the line, through the
// daemon.
#include <memory>

#include "cli/action.hpp"
#include "cli/command.hpp"
#include "cli/text.hpp"

namespace fleetline::cli {

namespace {

struct options {
    std::string serial, slot, reason, name;
};

exit_status scan(surroundings& here, const options& asked) {
    json body{{"serial", asked.serial}};
    if (!asked.slot.empty()) body["slot"] = asked.slot;
    const auto answer = ask_daemon(here, "/api/v1/scan", body);
    const auto name = answer.value("operator", std::string{});
    if (!name.empty()) return say_done(here, answer, safe_text(name) + " works here now");
    const auto slot = answer.value("slot", asked.slot);
    return say_done(here, answer,
                    safe_text(asked.serial) + (slot.empty() ? " taken" : " is for slot " + safe_text(slot)));
}

exit_status sign_on(surroundings& here, const options& asked) {
    const json body{{"name", asked.name}};
    const auto answer = ask_daemon(here, "/api/v1/operator", body);
    const auto name = answer.value("operator", asked.name);
    return say_done(here, answer,
                    name.empty() ? std::string("nobody is signed on") : safe_text(name) + " works here now");
}

exit_status retry(surroundings& here, const options& asked) {
    const auto answer =
        ask_daemon(here, "/api/v1/slots/" + percent_encoded(asked.slot) + "/retry", json::object());
    return say_done(here, answer, "slot " + safe_text(asked.slot) + " tries again");
}

exit_status rework(surroundings& here, const options& asked) {
    const json body{{"serial", asked.serial}, {"reason", asked.reason}};
    const auto answer = ask_daemon(here, "/api/v1/rework", body);
    return say_done(here, answer, "rework of " + safe_text(asked.serial) + " authorised: plug the board in");
}

}  // namespace

void add_scan(words& parent) {
    auto word = parent.word("scan", "Tell the daemon the serial number on a label");
    auto asked = std::make_shared<options>();
    word.argument("SERIAL", asked->serial, "The serial number");
    word.option("--slot", asked->slot, "The slot of that board, if several wait for a label", "SLOT");
    word.does([asked](surroundings& here) { return scan(here, *asked); });
}

void add_sign_on(words& parent) {
    auto word = parent.word("sign-on", "Tell who works at the station from now on");
    auto asked = std::make_shared<options>();
    word.argument("NAME", asked->name, "The operator; without it nobody in particular", false);
    word.does([asked](surroundings& here) { return sign_on(here, *asked); });
}

void add_retry(words& parent) {
    auto word = parent.word("retry", "Try the board in a slot again, as if it were plugged now");
    auto asked = std::make_shared<options>();
    word.option("--slot", asked->slot, "The slot", {"SLOT", {}, true});
    word.does([asked](surroundings& here) { return retry(here, *asked); });
}

void add_rework(words& parent) {
    auto word = parent.word("rework", "Let a board that has passed, or failed too often, be tried once more");
    auto asked = std::make_shared<options>();
    word.argument("SERIAL", asked->serial, "The serial number");
    word.option("--reason", asked->reason, "Why: it is recorded", {"TEXT", {}, true});
    word.does([asked](surroundings& here) { return rework(here, *asked); });
}

}  // namespace fleetline::cli
