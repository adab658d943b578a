// SPDX-License-Identifier: Apache-2.0
// fleetline status: station, cloud session, order and each slot on one screen. The daemon is asked; when it
// does not run, the ledger tells how things stood.
#include <chrono>
#include <map>
#include <thread>

#include "cli/api_client.hpp"
#include "cli/command.hpp"
#include "cli/json_view.hpp"
#include "cli/status_screen.hpp"
#include "cli/text.hpp"
#include "core/failure.hpp"

namespace fleetline::cli {

namespace {

constexpr std::int64_t looked_at = 2000;  // newest attempts in which each slot's last one is sought

json slot_of(const ledger::attempt_row& row) {
    return {{"slot", row.slot},
            {"product", row.product},
            {"state", row.outcome.empty() ? "interrupted" : row.outcome},
            {"since", row.finished_at.empty() ? row.started_at : row.finished_at},
            {"serial", row.serial},
            {"thing_name", row.thing_name},
            {"certificate_id", row.certificate_id},
            {"attempt_id", row.attempt_id},
            {"failure_code", row.failure_code},
            {"failure_reason", row.failure_text}};
}

/// Each slot's last attempt; slots of the configuration first, in its order.
json slots_from_ledger(surroundings& here) {
    std::map<std::string, json> last;
    ledger::filter newest;
    newest.limit = looked_at;
    const auto& configured = here.settings().slots;
    here.ledger().attempts(newest, [&](const ledger::attempt_row& row) {
        last.try_emplace(row.slot, slot_of(row));
        return configured.empty() || last.size() < configured.size();
    });
    json slots = json::array();
    for (const auto& slot : configured) {
        const auto found = last.extract(slot.name.text());
        slots.push_back(found ? found.mapped() : json{{"slot", slot.name.text()}, {"state", "empty"}});
    }
    for (auto& [name, slot] : last) slots.push_back(std::move(slot));
    return slots;
}

json outcomes_today(surroundings& here) {
    ledger::filter today;
    today.since = utc_time{std::chrono::floor<std::chrono::days>(here.now)};
    std::map<std::string, std::int64_t> outcomes;
    here.ledger().attempts(today, [&outcomes](const ledger::attempt_row& row) {
        if (!row.outcome.empty()) ++outcomes[row.outcome];
        return true;
    });
    return outcomes;
}

json from_ledger(surroundings& here) {
    const auto& settings = here.settings();
    return {{"station", settings.station.id},
            {"running", false},
            {"ledger_file", settings.ledger.file.string()},
            {"outcomes_today", outcomes_today(here)},
            {"slots", slots_from_ledger(here)}};
}

std::optional<json> from_daemon(surroundings& here) {
    const auto& settings = here.settings();
    const api_client daemon{settings.api.socket};
    const auto answer = daemon.request("GET", "/api/v1/status");
    if (!answer) return std::nullopt;
    json document = json::parse(answer->body, nullptr, false);
    if (answer->status != 200 || !document.is_object()) {
        const auto detail = document.is_object() ? document.find("detail") : document.end();
        const std::string why = detail != document.end() && detail->is_string()
                                    ? "the daemon refuses to answer: " + safe_text(detail->get<std::string>())
                                    : "the daemon's answer makes no sense";
        throw command_error(exit_status::daemon_needed,
                            why + " (HTTP " + std::to_string(answer->status) + ")");
    }
    json whole{
        {"station", settings.station.id}, {"running", true}, {"ledger_file", settings.ledger.file.string()}};
    whole.update(document);
    return whole;
}

json look(surroundings& here) {
    auto document = from_daemon(here);
    return document ? std::move(*document) : from_ledger(here);
}

exit_status status(surroundings& here) {
    const auto document = look(here);
    if (here.wants_json) {
        here.out.line(indented(document));
    } else {
        print_status(here.out, document, here.now);
    }
    return exit_status::yes;
}

/// A daemon that dies over its answer, or has no time for one, is what is being watched: nothing to end for.
/// What is wrong from the beginning, and not with the daemon, is.
json look_on(surroundings& here, bool first) {
    try {
        return look(here);
    } catch (const command_error& why) {
        if (first && why.status() != exit_status::daemon_needed) throw;
        return {{"station", here.settings().station.id}, {"trouble", why.what()}};
    } catch (const failure& why) {
        if (first) throw;
        return {{"station", here.settings().station.id}, {"trouble", why.what()}};
    }
}

void print_trouble(screen& out, const json& document) {
    out.line(out.paint(ink::strong, "Station " + safe_text(document.value("station", ""))) + "  " +
             out.paint(ink::bad, "cannot be seen") + ", trying again");
    out.line(safe_text(document.value("trouble", "")));
}

/// Until it is interrupted. A terminal is painted over from its top, what lies below is cleared.
[[noreturn]] void watch(surroundings& here) {
    const bool paints = here.out.is_terminal() && !here.wants_json;
    if (paints) here.out.print("\x1b[2J");
    for (bool first = true;; first = false) {
        here.now = std::chrono::floor<milliseconds>(std::chrono::system_clock::now());
        const auto document = look_on(here, first);
        if (paints) here.out.print("\x1b[H\x1b[J");
        if (here.wants_json) {
            here.out.line(one_line(document));
        } else {
            if (document.contains("trouble"))
                print_trouble(here.out, document);
            else
                print_status(here.out, document, here.now);
            if (!paints) here.out.line();
        }
        here.out.raw().flush();
        std::this_thread::sleep_for(std::chrono::seconds{1});
    }
}

}  // namespace

void add_status(words& parent) {
    auto word = parent.word("status", "Show the station, its cloud session, its order and each slot");
    word.does(status);
}

void add_watch(words& parent) {
    auto word = parent.word("watch", "Show the same, live, until it is interrupted");
    word.does([](surroundings& here) -> exit_status { watch(here); });
}

}  // namespace fleetline::cli
