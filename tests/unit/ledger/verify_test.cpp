// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <catch2/catch.hpp>
#include <future>

#include "core/digest.hpp"
#include "ledger_fixture.hpp"

using namespace fleetline;
using namespace fleetline::test;
using ledger::stage;

namespace {

/// A ledger with something of everything in it. Seq 3 to 14 is attempt-1, of SN0001.
void fill(ledger_fixture& line) {
    line.append(ledger::station_started{"1.0", "abc"});
    line.append(ledger::order_opened{order_name("WO-1"), product_name("meter"), 10, "kim", false});
    board_story(line, "attempt-1", "SN0001").pass();
    board_story(line, "attempt-2", "SN0002").up_to(stage::registered).finish("failed", "port-gone");
    board_story(line, "attempt-3", "SN0001").start().identify().finish("refused", "already-provisioned");
    board_story second(line, "attempt-4", "SN0002");
    second.start()
        .identify()
        .admit()
        .resume("attempt-2", "deliver-recorded")
        .start_delivery()
        .deliver()
        .prove();
    second.finish("passed");
    board_story(line, "attempt-5", "SN0003").up_to(stage::issued).finish("failed", "port-gone");
    board_story(line, "attempt-6", "SN0003").pass();
    board_story(line, "attempt-7", "SN0004").up_to(stage::issue_requested);
    ledger::certificate_set_aside lost;
    lost.attempt = attempt_id("attempt-7");
    lost.state = "unaccounted";
    line.append(std::move(lost));
    line.append(ledger::registration_unaccounted{attempt_id("attempt-5"), thing_name("SN0003"), "late"});
    line.append(ledger::rework_authorised{serial_number("SN0001"), "flash replaced", "kim"});
    board_story(line, "attempt-8", "SN0001").pass();
    line.append(ledger::certificate_revoked{certificate_id(sha256_hex("attempt-1")), "kim", "done"});
    board_story(line, "attempt-9", "SN0005").up_to(stage::registration_requested);
    line.append(ledger::order_closed{order_name("WO-1"), "kim"});
}

const char* const without_triggers =
    "DROP TRIGGER event_is_appended; DROP TRIGGER event_is_not_changed; DROP TRIGGER event_is_not_deleted;";

std::string first_problem(const ledger_fixture& line) {
    const auto found = line.reader().verify({}, ledger::verify_on::one_thread);
    CHECK(found.problems == line.reader().verify({}, ledger::verify_on::two_threads).problems);
    return found.problems.empty() ? std::string() : found.problems.front();
}

}  // namespace

TEST_CASE("an untouched ledger holds", "[ledger][verify]") {
    ledger_fixture line;
    fill(line);

    const auto found = line.reader().verify();

    CHECK(found.problems == std::vector<std::string>{});
    CHECK(std::to_string(found.events) == line.query("SELECT count(*) FROM event"));
    CHECK(found.head_hash == line.query("SELECT lower(hex(hash)) FROM head"));
}

TEST_CASE("a board counts once for its order, though a rework that passes began before the first pass",
          "[ledger][verify]") {
    ledger_fixture line;
    line.append(ledger::order_opened{order_name("WO-1"), product_name("meter"), 10, "kim", false});
    board_story slow(line, "attempt-1", "SN0001");
    slow.start();
    board_story(line, "attempt-2", "SN0001").pass();
    line.append(ledger::rework_authorised{serial_number("SN0001"), "flash replaced", "kim"});
    slow.identify().admit(true).make_csr().request_issue().issue().request_registration().register_thing();
    slow.start_delivery().deliver().prove().finish("passed");
    run(line.io, line.book->flush());

    CHECK(line.query("SELECT passed FROM work_order") == "1");
    CHECK(first_problem(line).empty());
}

TEST_CASE("a board that passed before there was an order does not count for it", "[ledger][verify]") {
    ledger_fixture line;
    board_story(line, "attempt-1", "SN0001").pass();
    line.append(ledger::order_opened{order_name("WO-1"), product_name("meter"), 10, "kim", false});
    line.append(ledger::rework_authorised{serial_number("SN0001"), "flash replaced", "kim"});
    board_story(line, "attempt-2", "SN0001").pass();

    CHECK(line.query("SELECT passed FROM work_order") == "0");
    CHECK(first_problem(line).empty());
}

TEST_CASE("attempts that end in another order than they began are compared with their rows",
          "[ledger][verify]") {
    constexpr int boards = 40;
    const int changed = GENERATE(-1, 0, 1, 13, 38, 39);
    ledger_fixture line;
    std::vector<board_story> stories;
    for (int i = 0; i < boards; ++i)
        stories.emplace_back(line, "attempt-" + std::to_string(i), "SN" + std::to_string(1000 + i)).start();
    for (int i = 0; i < boards; ++i)  // each once: 7 and 40 have no common divisor
        stories[static_cast<std::size_t>(i * 7 % boards)].go_on_to(stage::passed);
    const auto name = "attempt-" + std::to_string(changed);
    line.sql("UPDATE attempt SET proof = 'first-connect' WHERE attempt_id = '" + name + "'");

    if (changed < 0)
        CHECK(first_problem(line).empty());
    else
        CHECK(first_problem(line).find("(" + name + "): its proof says") != std::string::npos);
}

TEST_CASE("texts that are no UTF-8 are in the rows as they are in the events", "[ledger][verify]") {
    ledger_fixture line;
    const std::string odd = "K\xf6ln \x1b \xff";
    board_story story(line, "attempt-1", "SN0001");
    story.pass();
    line.append(ledger::certificate_revoked{certificate_id(story.certificate), odd, odd});
    line.append(ledger::rework_authorised{serial_number("SN0001"), odd, odd});
    line.append(ledger::order_opened{order_name(odd), product_name(odd), 10, odd, false});
    ledger::attempt_started started{attempt_id("attempt-2"), slot_name(odd), odd, product_name(odd), odd};
    line.append(std::move(started));
    line.append(ledger::identified{attempt_id("attempt-2"), serial_number("SN2"), "device", odd, odd});
    ledger::attempt_finished ended;
    ended.attempt = attempt_id("attempt-2");
    ended.outcome = "failed";
    ended.failure_code = ended.failure_text = odd;
    ended.step_ms[odd] = 7;
    line.append(std::move(ended));

    CHECK(line.reader().verify().problems == std::vector<std::string>{});
    CHECK(line.query("SELECT revoked_note FROM certificate WHERE revoked_note IS NOT NULL") ==
          "K\\xf6ln \\x1b \\xff");
}

TEST_CASE("an empty ledger holds", "[ledger][verify]") {
    ledger_fixture line;

    CHECK(line.reader().verify().problems.empty());
}

TEST_CASE("events cannot be changed, deleted or put in between by SQL alone", "[ledger][verify]") {
    ledger_fixture line;
    fill(line);

    CHECK_THROWS(line.sql("UPDATE event SET payload = '{}' WHERE seq = 3"));
    CHECK_THROWS(line.sql("DELETE FROM event WHERE seq = 3"));
    CHECK_THROWS(line.sql("INSERT OR REPLACE INTO event SELECT * FROM event WHERE seq = 3"));
    CHECK_THROWS(line.sql("UPDATE OR REPLACE event SET seq = 4 WHERE seq = 3"));
    CHECK(first_problem(line).empty());
}

TEST_CASE("tampering with events is found, and the row named", "[ledger][verify]") {
    struct row {
        const char* what;
        const char* sql;
        const char* named;
    };
    const auto tampering = GENERATE(
        row{"payload edited", "UPDATE event SET payload = replace(payload, 'SN0001', 'SN0009') WHERE seq = 4",
            "event 4"},
        row{"time edited", "UPDATE event SET recorded_at = '2020-01-01T00:00:00.000Z' WHERE seq = 5",
            "event 5"},
        row{"clock edited", "UPDATE event SET clock_synchronised = 0 WHERE seq = 5", "event 5"},
        row{"kind edited", "UPDATE event SET kind = 'delivered' WHERE seq = 11", "event 11"},
        row{"attempt edited", "UPDATE event SET attempt = 15 WHERE seq = 11", "event 11"},
        row{"hash edited", "UPDATE event SET hash = zeroblob(32) WHERE seq = 6", "event 6"},
        row{"last one edited",
            "UPDATE event SET payload = replace(payload, 'kim', 'tim') WHERE seq = (SELECT max(seq) FROM "
            "event)",
            "event "},
        row{"deleted", "DELETE FROM event WHERE seq = 7", "event 7:"},
        row{"two deleted", "DELETE FROM event WHERE seq IN (7, 8)", "events 7 to 8:"},
        row{"first deleted", "DELETE FROM event WHERE seq = 1", "event 1:"},
        row{"cut short", "DELETE FROM event WHERE seq > 40", "events 41 to "},
        row{"all deleted", "DELETE FROM event", "events 1 to "},
        row{"added",
            "INSERT INTO event SELECT max(seq) + 1, station, recorded_at, 1, 'station-stopped', NULL, '{}', "
            "hash, hash FROM event",
            "event "},
        row{"swapped",
            "UPDATE event SET seq = -1 WHERE seq = 4; UPDATE event SET seq = 4 WHERE seq = 5;"
            "UPDATE event SET seq = 5 WHERE seq = -1",
            "event 4:"});
    ledger_fixture line;
    fill(line);

    line.sql(std::string("PRAGMA foreign_keys = OFF;") + without_triggers + tampering.sql);

    CAPTURE(tampering.what, first_problem(line));
    CHECK(first_problem(line).find(tampering.named) == 0);
}

TEST_CASE("tampering is found anywhere in a ledger that is checked block by block", "[ledger][verify]") {
    constexpr int events = 200;  // of 10 kB each
    const int tampered = GENERATE(0, 1, 100, 200);
    ledger_fixture line;
    for (int i = 0; i < events; ++i)
        line.append(ledger::rework_authorised{serial_number("SN0001"), std::string(10'000, 'x'), "kim"});
    if (tampered > 0)
        line.sql(without_triggers +
                 ("UPDATE event SET payload = replace(payload, 'kim', 'tim') WHERE seq = " +
                  std::to_string(tampered)));

    const auto found = line.reader().verify();

    CHECK(found.events == events);
    if (tampered == 0)
        CHECK(found.problems == std::vector<std::string>{});
    else
        CHECK(first_problem(line).find("event " + std::to_string(tampered) + ":") == 0);
}

TEST_CASE("tampering with the projections is found, and the row named", "[ledger][verify]") {
    struct row {
        const char* sql;
        const char* named;
    };
    const auto tampering = GENERATE(
        row{"UPDATE attempt SET serial = 'SN0009' WHERE number = 3", "attempt 3 (attempt-1): its serial"},
        row{"UPDATE attempt SET outcome = 'failed' WHERE number = 3", "attempt 3 (attempt-1): its outcome"},
        row{"UPDATE attempt SET duration_ms = NULL WHERE number = 3",
            "attempt 3 (attempt-1): its duration_ms"},
        row{"UPDATE attempt SET operator_name = NULL WHERE number = 3",
            "attempt 3 (attempt-1): its operator_name"},
        row{"UPDATE attempt SET operator_name = 'x' WHERE attempt_id = 'attempt-9'", "attempt "},
        row{"DELETE FROM attempt WHERE number = 3", "attempt 3 (attempt-1): its row is missing"},
        row{"INSERT INTO attempt SELECT 5, 'x', station, slot, port, product, started_at, 1, 'SN0099', "
            "'device', dialect, "
            "firmware_version, work_order, operator_name, template_name, 0, stage, key_origin, "
            "public_key_sha256, "
            "certificate, thing_name, proof, NULL, 'passed', NULL, NULL, NULL, finished_at, 1, NULL, 6 FROM "
            "attempt "
            "WHERE number = 3",
            "attempt 5: no event made this row"},
        row{"UPDATE certificate SET state = 'current' WHERE state = 'revoked' AND serial = 'SN0001' AND 0; "
            "UPDATE "
            "certificate SET state = 'superseded' WHERE state = 'revoked'",
            "certificate 8 "},
        // back to what it was before a later attempt set it aside
        row{"UPDATE certificate SET state = 'revoked' WHERE state = 'current' AND serial = 'SN0001' AND "
            "number > 8;"
            "UPDATE certificate SET state = 'current', state_event = 14, why = NULL, replaced_by = NULL, "
            "revoked_at = NULL, revoked_by = NULL, revoked_note = NULL WHERE number = 8",
            "certificate "},
        row{"UPDATE certificate SET state = 'issued', state_event = number, why = NULL WHERE state = "
            "'unaccounted' "
            "AND serial = 'SN0003'",
            "certificate "},
        row{"UPDATE certificate SET serial = 'SN0009' WHERE number = 8", "certificate 8 "},
        row{"DELETE FROM certificate WHERE number = 8", "certificate 8 "},
        row{"UPDATE certificate SET why = 'x' WHERE state = 'unaccounted' AND certificate_id IS NULL",
            "certificate "},
        row{"INSERT INTO certificate (number, certificate_id, issued_at, state, state_event) VALUES (5, 'x', "
            "'', "
            "'orphaned', 5)",
            "certificate 5: no event made this row"},
        row{"UPDATE rework SET reason = 'none'", "rework "}, row{"DELETE FROM rework", "rework "},
        row{"INSERT INTO rework VALUES (5, 'SN0002', 'x', 'x', 'x')", "rework 5: no event made this row"},
        row{"UPDATE work_order SET passed = 1", "work_order WO-1: its passed"},
        row{"UPDATE work_order SET quota = 0", "work_order WO-1: its quota"},
        row{"DELETE FROM work_order", "work_order WO-1: its row is missing"},
        row{"INSERT INTO work_order VALUES ('WO-2', 'meter', 0, 0, '', '', NULL, NULL, 0, 2, NULL, NULL, "
            "NULL)",
            "work_order WO-2: no event made this row"},
        row{"INSERT INTO order_serial VALUES ('WO-1', 'SN0001', 2)", "order_serial: rows of import 2"},
        row{"UPDATE ownership_token SET token = x'00'", "ownership_token "},
        row{"INSERT INTO ownership_token VALUES (8, x'00', 'x')", "ownership_token 8: it is kept although"},
        row{"UPDATE head SET seq = seq - 1", "event"}, row{"DELETE FROM head", "the head"},
        row{"UPDATE station SET name = 'line-2'", "event 1"}, row{"DELETE FROM station", "event 1:"});
    ledger_fixture line;
    fill(line);

    line.sql(std::string("PRAGMA foreign_keys = OFF;") + tampering.sql);

    CAPTURE(tampering.sql, first_problem(line));
    CHECK(first_problem(line).find(tampering.named) == 0);
}

TEST_CASE("a changed schema is found", "[ledger][verify]") {
    ledger_fixture line;
    fill(line);

    line.sql("DROP TRIGGER event_is_not_deleted; DROP INDEX certificate_current; CREATE TABLE more (x)");

    CHECK(line.reader().verify().problems ==
          std::vector<std::string>{"the schema: index certificate_current is missing",
                                   "the schema: trigger event_is_not_deleted is missing",
                                   "the schema: table more was added"});
}

TEST_CASE("verify looks at one moment, whatever is written meanwhile", "[ledger][verify]") {
    ledger_fixture line;
    line.append(ledger::station_started{"1.0", "abc"});
    std::atomic<bool> over = false;
    auto looks = std::async(std::launch::async, [&] {
        const auto book = line.reader();
        std::int64_t least = 0;
        std::vector<std::string> problems;
        for (int i = 0; i < 40 && problems.empty(); ++i) {
            const auto found = book.verify({}, ledger::verify_on::two_threads);
            problems = found.problems;
            if (found.events < least) problems.emplace_back("events are gone");
            least = found.events;
        }
        over = true;
        return std::pair(least, problems);
    });

    for (int n = 0; !over; ++n)
        board_story(line, "attempt-" + std::to_string(n), "SN" + std::to_string(n)).pass();

    const auto [events, problems] = looks.get();
    CHECK(problems == std::vector<std::string>{});
    CHECK(events > 12);
}

TEST_CASE("what was added to the schema is found whatever its name", "[ledger][verify]") {
    ledger_fixture line;
    fill(line);
    line.sql("ANALYZE");
    CHECK(line.reader().verify().problems == std::vector<std::string>{});

    line.sql(
        "CREATE TABLE sqlitex (x); CREATE VIEW sqlite1 AS SELECT 1;"
        "CREATE TRIGGER sqliteevent AFTER INSERT ON head BEGIN SELECT 1; END;"
        "PRAGMA writable_schema = ON;"
        "INSERT INTO sqlite_schema VALUES ('trigger', 'sqlite_autoindex_event_2', 'head', 0, "
        "'CREATE TRIGGER sqlite_autoindex_event_2 AFTER INSERT ON head BEGIN SELECT 1; END')");

    CHECK(line.reader().verify().problems ==
          std::vector<std::string>{
              "the schema: table sqlitex was added", "the schema: trigger sqlite_autoindex_event_2 was added",
              "the schema: trigger sqliteevent was added", "the schema: view sqlite1 was added"});
}
