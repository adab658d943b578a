// SPDX-License-Identifier: Apache-2.0
// The second half of verify: what must hold for whole tables, once all events are read.
#include <SQLiteCpp/Database.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "core/digest.hpp"
#include "ledger/book_rows.hpp"
#include "ledger/event_codec.hpp"
#include "ledger/migrations.hpp"
#include "ledger/station_key.hpp"
#include "ledger/verify.hpp"

namespace fleetline::ledger {

namespace {
constexpr const char* signer_query = "SELECT certificate_pem FROM signer WHERE certificate_sha256 = ?1";
}  // namespace

void verifier::check_projections() {
    check_count("attempt", books_.attempts_added(), "'attempt-started'");
    check_count("certificate", books_.certificates_added(), "'issued', 'certificate-set-aside'");
    check_count("rework", reworks_, "'rework-authorised'");
    check_overtaken();
    check_orders();
    check_imports();
    check_tokens();
    check_stray_transcripts();
    check_checkpoints();
    check_signers();
}

/// Those of attempts that have ended were looked at when that was read. (Older versions kept one a moment
/// before.)
void verifier::check_stray_transcripts() {
    statement row(rows_.database(),
                  "SELECT attempt FROM transcript WHERE NOT EXISTS (SELECT 1 FROM attempt WHERE number = "
                  "transcript.attempt) LIMIT 10");
    while (row.step())
        wrong("transcript " + std::to_string(row.integer(0)) + ": there is no attempt that it is of");
}

/// Certificates that a later event of their board must have set aside, though their rows say otherwise.
/// (Those that were not final when it happened have been compared already; a superseded one also shows in its
/// attempt's row.)
void verifier::check_overtaken() {
    statement twice(rows_.database(),
                    "SELECT min(number) FROM certificate WHERE state = 'current' AND serial IS NOT NULL "
                    "GROUP BY serial HAVING count(*) > 1 "
                    "LIMIT 10");
    while (twice.step())
        wrong("certificate " + std::to_string(twice.integer(0)) +
              ": it is current, and so is another one of its serial");
    // CROSS JOIN: few certificates are in these states, and they are where to begin.
    statement passed_over(
        rows_.database(),
        "SELECT c.number, c.certificate_id, c.state, e.seq FROM certificate AS c CROSS JOIN attempt AS a ON "
        "a.serial = c.serial CROSS JOIN event AS e ON e.attempt = a.number WHERE c.state IN ('issued', "
        "'requested', 'registered', 'delivered', 'proved') AND e.seq > c.state_event AND e.kind IN "
        "('csr-made', 'issued') LIMIT 10");
    while (passed_over.step())
        wrong("certificate " + std::to_string(passed_over.integer(0)) + " (" + passed_over.text(1) +
              "): it is " + passed_over.text(2) + ", and event " + std::to_string(passed_over.integer(3)) +
              " came after that");
}

/// Rows that no event made.
void verifier::check_count(const char* table, std::int64_t expected, const char* kinds) {
    const std::string name = table;
    if (rows_.database().execAndGet("SELECT count(*) FROM " + name).getInt64() <= expected) return;
    statement row(rows_.database(),
                  "SELECT number FROM " + name +
                      " WHERE NOT EXISTS (SELECT 1 FROM event WHERE seq = number AND kind IN (" + kinds +
                      ")) ORDER BY number LIMIT 10");
    while (row.step()) wrong(name + " " + std::to_string(row.integer(0)) + ": no event made this row");
}

void verifier::check_orders() {
    std::map<std::string, order_state> rows;
    statement row(rows_.database(), "SELECT " + std::string(order_columns) + " FROM work_order");
    while (row.step()) {
        auto found = order_from(row);
        if (const auto listed = row.integer(3); listed != 0 && listed != 1)
            wrong("work_order " + found.name + ": its allow_list is no truth");
        rows[found.name] = found;
    }
    for (const auto& expected : books_.orders()) {
        const auto found = rows.find(expected.name);
        const auto what = found == rows.end() ? "its row is missing" : difference(found->second, expected);
        if (!what.empty()) wrong("work_order " + expected.name + ": " + what);
        rows.erase(expected.name);
    }
    for (const auto& [name, extra] : rows) wrong("work_order " + name + ": no event made this row");
}

/// The list that an import brought has the digest its event says; a serial of no import was smuggled in.
void verifier::check_imports() {
    std::set<std::pair<std::int64_t, std::string>> orders;
    statement imported(rows_.database(), "SELECT payload FROM event WHERE seq = ?1");
    for (const auto seq : imports_) {
        const resetting after(imported);
        imported.bind(1, seq).step();
        const auto what = event_from("order-serials-imported", imported.view(0));
        const auto* expected = what ? std::get_if<order_serials_imported>(&*what) : nullptr;
        if (expected == nullptr) continue;
        orders.emplace(seq, expected->order.text());
        statement row(
            rows_.database(),
            "SELECT serial FROM order_serial WHERE work_order = ?1 AND import = ?2 ORDER BY serial");
        row.bind(1, expected->order.text()).bind(2, seq);
        std::string list;
        std::int64_t count = 0;
        for (; row.step(); ++count) list.append(row.view(0)) += '\n';
        if (count != expected->count || sha256_hex(list) != expected->list_sha256)
            wrong("order_serial of work_order " + expected->order.text() +
                  ": it is not the list that event " + std::to_string(seq) + " imported");
    }
    statement row(rows_.database(), "SELECT DISTINCT import, work_order FROM order_serial");
    while (row.step())
        if (!orders.contains({row.integer(0), row.text(1)}))
            wrong("order_serial: rows of import " + std::to_string(row.integer(0)) + " into " + row.text(1) +
                  ", which no event made");
}

/// A token may only be there while it can be needed, and must be the one that was handed out.
void verifier::check_tokens() {
    statement row(rows_.database(),
                  "SELECT t.certificate, t.token, c.state, e.payload, t.expires_at FROM ownership_token AS t "
                  "LEFT JOIN certificate AS c ON c.number = t.certificate LEFT JOIN event AS e ON e.seq = "
                  "t.certificate");
    while (row.step()) {
        const std::string name = "ownership_token " + std::to_string(row.integer(0)) + ": ";
        const auto state = row.view(2);
        if (state != "issued" && state != "requested")
            wrong(name + "it is kept although its certificate is " +
                  (state.empty() ? "not recorded" : std::string(state)));
        const std::string digest = "\"ownership_token_sha256\":\"" + sha256_hex(row.view(1)) + '"';
        if (row.view(3).find(digest) == std::string_view::npos)
            wrong(name + "it is not the one that was handed out");
        else if (row.view(3).find("\"token_expires\"") != std::string_view::npos &&
                 row.view(3).find("\"token_expires\":\"" + row.text(4) + '"') == std::string_view::npos)
            wrong(name + "it does not run out when the one that was handed out does");
    }
}

/// Signed heads of the chain, kept here and outside: whoever rewrote the chain since then could not sign
/// them.
void verifier::check_checkpoints() {
    statement rows(
        rows_.database(),
        "SELECT seq, lower(hex(hash)), made_at, signature, signer, station FROM checkpoint ORDER BY seq");
    std::vector<checkpoint> all;
    while (rows.step())
        all.push_back({stations_[rows.integer(5)], rows.integer(0), rows.text(1), rows.text(2), rows.text(4),
                       rows.text(3)});
    for (const auto& one : all) check_checkpoint(one, "checkpoint " + std::to_string(one.seq) + ": ", {});
    found_.signed_heads = std::ssize(all);
    if (!all.empty()) found_.last_signed = all.back().seq;
    for (const auto& one : outside_)
        if (is_of_this_ledger(one))
            check_checkpoint(
                one, "checkpoint " + std::to_string(one.seq) + " of " + one.made_at + ", kept outside: ",
                "it is not signed by this station, ");
        else
            ++found_.of_other_stations;
    found_.checkpoints_checked = true;
}

/// Whoever is among the signers is believed when a report is checked.
void verifier::check_signers() {
    statement row(rows_.database(),
                  "SELECT certificate_sha256 FROM signer WHERE NOT EXISTS (SELECT 1 FROM checkpoint WHERE "
                  "checkpoint.signer = "
                  "signer.certificate_sha256) LIMIT 10");
    while (row.step()) wrong("signer " + row.text(0) + ": it has signed no head of this ledger");
}

/// A share may be written by several stations. By its signer too: a ledger that was made anew under another
/// name does not get rid of what was signed.
bool verifier::is_of_this_ledger(const checkpoint& one) {
    if (std::any_of(stations_.begin(), stations_.end(),
                    [&one](const auto& station) { return station.second == one.station; }))
        return true;
    auto& signer = rows_.prepared(signer_query);
    const resetting after(signer);
    return signer.bind(1, one.signer).step();
}

/// Why it says nothing about the ledger, or nothing.
std::string verifier::not_signed(const checkpoint& one) {
    auto& signer = rows_.prepared(signer_query);
    const resetting after(signer);
    if (!signer.bind(1, one.signer).step()) return "who signed it is not known";
    if (!is_certificate(signer.text(0), one.signer)) return "its signer's certificate was changed";
    return signature_holds(signer.text(0), one) ? "" : "its signature does not hold";
}

void verifier::check_checkpoint(const checkpoint& one, const std::string& name,
                                const std::string& if_not_signed) {
    if (const auto why = not_signed(one); !why.empty()) return wrong(name + if_not_signed + why);
    auto& signed_event = rows_.prepared("SELECT lower(hex(hash)) FROM event WHERE seq = ?1");
    const resetting after(signed_event);
    const auto named = "event " + std::to_string(one.seq);
    if (!signed_event.bind(1, one.seq).step())
        wrong(name + named + " is missing, the ledger was cut short since then");
    else if (signed_event.text(0) != one.hash)
        wrong(name + named + " is another one, the ledger was rewritten since then");
}

/// Tables, indexes and triggers are those of this version: an attacker may have dropped a trigger.
std::vector<std::string> verifier::schema_problems() {
    const auto schema_of = [](SQLite::Database& database) {
        std::map<std::string, std::string> all;
        // SQLite's own indexes have no text. What has one is looked at whatever its name: 'sqlite_…' can be
        // had, and says nothing. (ANALYZE leaves statistics.)
        statement row(
            database,
            "SELECT type || ' ' || name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND NOT (type = "
            "'table' AND name GLOB 'sqlite_stat[14]')");
        while (row.step()) all[row.text(0)] = row.text(1);
        return all;
    };
    static const auto expected = [&schema_of] {
        SQLite::Database fresh(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
        for (const auto& step : migrations()) fresh.exec(std::string(step.sql));
        return schema_of(fresh);
    }();
    auto found = schema_of(rows_.database());
    std::vector<std::string> wrong;
    for (const auto& [name, sql] : expected) {
        const auto same = found.find(name);
        if (same == found.end())
            wrong.push_back("the schema: " + name + " is missing");
        else if (same->second != sql)
            wrong.push_back("the schema: " + name + " was changed");
        if (same != found.end()) found.erase(same);
    }
    for (const auto& [name, sql] : found) wrong.push_back("the schema: " + name + " was added");
    return wrong;
}

}  // namespace fleetline::ledger
