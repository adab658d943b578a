// SPDX-License-Identifier: Apache-2.0
#include "ledger/reader.hpp"

#include <catch2/catch.hpp>

#include "core/digest.hpp"
#include "ledger_fixture.hpp"

using namespace fleetline;
using namespace fleetline::test;
using ledger::stage;

namespace {

std::string attempts_of(const ledger_fixture& line, const ledger::filter& wanted) {
    std::string found;
    line.reader().attempts(wanted, [&found](const auto& row) {
        found += (found.empty() ? "" : " ") + row.attempt_id;
        return true;
    });
    return found;
}

void fill(ledger_fixture& line) {
    board_story(line, "a1", "SN0001").pass();
    line.clock.utc += std::chrono::hours{1};
    board_story(line, "a2", "SN0002").up_to(stage::registered).finish("failed", "port-gone");
    line.clock.utc += std::chrono::hours{1};
    board_story(line, "a3", "SN0001").start().identify().finish("refused", "already-provisioned");
    board_story(line, "a4", "SN0003").up_to(stage::registered).finish("failed", "port-gone");
    board_story(line, "a5", "SN0003").up_to(stage::csr_made);
}

}  // namespace

TEST_CASE("attempts are listed newest first, filtered and limited", "[ledger][reader]") {
    ledger_fixture line;
    fill(line);
    ledger::filter wanted;

    CHECK(attempts_of(line, wanted) == "a5 a4 a3 a2 a1");
    wanted.limit = 2;
    CHECK(attempts_of(line, wanted) == "a5 a4");
    wanted.newest_first = false;
    CHECK(attempts_of(line, wanted) == "a1 a2");
    wanted = {};
    wanted.outcome = "failed";
    CHECK(attempts_of(line, wanted) == "a4 a2");
    wanted.serial = "SN0002";
    CHECK(attempts_of(line, wanted) == "a2");
    wanted = {};
    wanted.since = *parse_rfc3339("2026-11-24T08:30:00Z");
    wanted.until = *parse_rfc3339("2026-11-24T09:30:00Z");
    CHECK(attempts_of(line, wanted) == "a2");
    wanted = {};
    wanted.order = "WO-1' OR '1' = '1";
    CHECK(attempts_of(line, wanted).empty());
    wanted = {};
    wanted.product = "meter";
    wanted.order = "WO-1";
    wanted.slot = "A1";
    CHECK(attempts_of(line, wanted) == "a5 a4 a2 a1");
}

TEST_CASE("a list stops when it is told to", "[ledger][reader]") {
    ledger_fixture line;
    fill(line);
    int seen = 0;

    line.reader().attempts({}, [&seen](const auto&) { return ++seen < 2; });

    CHECK(seen == 2);
}

TEST_CASE("a board is found by serial, thing and certificate, whole or by its first digits",
          "[ledger][reader]") {
    ledger_fixture line;
    fill(line);
    const auto reader_ = line.reader();
    const std::string certificate = sha256_hex("a1");

    CHECK(reader_.find("SN0001") == std::vector<std::string>{"SN0001"});
    CHECK(reader_.find("thing-SN0001") == std::vector<std::string>{"SN0001"});
    CHECK(reader_.find(certificate) == std::vector<std::string>{"SN0001"});
    CHECK(reader_.find(certificate.substr(0, 8)) == std::vector<std::string>{"SN0001"});
    CHECK(reader_.find(certificate.substr(0, 7)).empty());
    CHECK(reader_.find("SN000").empty());
    CHECK(reader_.find("").empty());
}

TEST_CASE("devices stand for their newest attempt", "[ledger][reader]") {
    ledger_fixture line;
    fill(line);
    std::string found;

    line.reader().devices({}, [&found](const auto& row) {
        found +=
            row.serial + "|" + row.stage + "|" + row.thing_name + "|" + std::to_string(row.attempts) + " ";
        return true;
    });

    CHECK(found == "SN0003|csr-made||2 SN0001|passed|thing-SN0001|2 SN0002|registered||1 ");
    CHECK(line.reader().device("SN0001")->certificate_id == sha256_hex("a1"));
    CHECK_FALSE(line.reader().device("SN9999"));
}

TEST_CASE("certificates to revoke are those that no board holds", "[ledger][reader]") {
    ledger_fixture line;
    fill(line);
    std::vector<ledger::certificate_row> found;

    line.reader().certificates({.to_revoke = true, .stale_before = {}}, [&found](const auto& row) {
        found.push_back(row);
        return true;
    });

    REQUIRE(found.size() == 1);
    CHECK(found[0].certificate_id == sha256_hex("a4"));
    CHECK(found[0].state == "orphaned");
    CHECK(found[0].serial == "SN0003");
    CHECK(found[0].attempt_id == "a4");
    CHECK(found[0].pem.find("BEGIN CERTIFICATE") != std::string::npos);
    CHECK_FALSE(found[0].why.empty());
    CHECK(line.reader().certificates_of("SN0001").size() == 1);
}

TEST_CASE("an attempt's events and transcript are told", "[ledger][reader]") {
    ledger_fixture line;
    line.book->store_transcript(attempt_id("a1"), "> conf get\n< ok");
    fill(line);

    const auto events = line.reader().events_of("a1");

    REQUIRE(events.size() == 12);
    CHECK(events[0].kind == "attempt-started");
    CHECK(events[11].kind == "attempt-finished");
    CHECK(events[4].attempt_id == "a1");
    CHECK(line.reader().transcript("a1") == "> conf get\n< ok");
    CHECK(line.reader().transcript("a2").empty());
    CHECK(line.reader().station() == "line-1");
}

TEST_CASE("lookups use an index", "[ledger][reader]") {
    ledger_fixture line;
    const std::string query = GENERATE(
        "SELECT serial FROM attempt WHERE serial = ?1", "SELECT serial FROM attempt WHERE thing_name = ?1",
        "SELECT serial FROM certificate WHERE certificate_id >= ?1 AND certificate_id < ?2",
        "SELECT number FROM attempt WHERE attempt_id = ?1", "SELECT 1 FROM event WHERE attempt = ?1",
        "SELECT 1 FROM certificate WHERE serial = ?1 AND state = 'current'",
        "SELECT 1 FROM attempt WHERE outcome IS NULL", "SELECT 1 FROM attempt WHERE started_at >= ?1",
        "SELECT 1 FROM attempt WHERE work_order = ?1",
        "SELECT 1 FROM certificate WHERE state IN ('orphaned', 'superseded')",
        "SELECT 1 FROM rework WHERE serial = ?1");

    CAPTURE(query);
    CHECK(line.query("EXPLAIN QUERY PLAN " + query).find("USING") != std::string::npos);
}

TEST_CASE("an allow-list is imported once, and asked", "[ledger][reader]") {
    ledger_fixture line;
    line.append(ledger::order_opened{order_name("WO-1"), product_name("meter"), 0, "kim", true});
    line.append(ledger::order_opened{order_name("WO-2"), product_name("meter"), 0, "kim", false});
    const auto import = [&line](const std::vector<serial_number>& serials) {
        return run(line.io, line.book->import_serials(order_name("WO-1"), serials));
    };
    const auto allowed = [&line](const char* order, const char* serial) {
        return run(line.io, line.book->serial_allowed(order_name(order), serial_number(serial)));
    };

    import({serial_number("SN0002"), serial_number("SN0001"), serial_number("SN0002")});
    import({serial_number("SN0002"), serial_number("SN0003")});

    CHECK(allowed("WO-1", "SN0001"));
    CHECK(allowed("WO-1", "SN0003"));
    CHECK_FALSE(allowed("WO-1", "SN0004"));  // yet
    CHECK(allowed("WO-2", "SN0004"));
    CHECK_FALSE(allowed("WO-3", "SN0001"));
    CHECK(line.query("SELECT payload FROM event WHERE seq = 4") ==
          "{\"count\":1,\"list_sha256\":\"" + sha256_hex("SN0003\n") + "\",\"order\":\"WO-1\"}");
    run(line.io, line.book->import_serials(order_name("WO-1"), {serial_number("SN0004")},
                                           {"kim", 7, sha256_hex("as it was sent")}));
    CHECK(line.query("SELECT payload FROM event WHERE seq = 5") ==
          "{\"by\":\"kim\",\"count\":1,\"list_sha256\":\"" + sha256_hex("SN0004\n") +
              "\",\"order\":\"WO-1\",\"source_lines\":7,\"source_sha256\":\"" + sha256_hex("as it was sent") +
              "\"}");
    CHECK(line.reader().verify().problems.empty());
    line.sql("INSERT INTO order_serial VALUES ('WO-1', 'SN0005', 3)");
    CHECK(line.reader().verify().problems.front().find("order_serial of work_order WO-1") == 0);
}

TEST_CASE("certificates of boards that did not pass and stay away are stale, no others", "[ledger][reader]") {
    ledger_fixture line;
    const auto stale = [&line](std::chrono::days age) {
        ledger::certificate_filter wanted;
        wanted.to_revoke = true;
        wanted.stale_before = line.clock.utc - age;
        std::string found;
        line.reader().certificates(wanted, [&found](const auto& row) {
            found += row.attempt_id + ' ' + row.state + ": " + row.why + '\n';
            return true;
        });
        return found;
    };
    for (const auto& [attempt, reached] :
         {std::pair{"csr", stage::csr_made}, std::pair{"issued", stage::issued},
          std::pair{"requested", stage::registration_requested}, std::pair{"registered", stage::registered},
          std::pair{"delivered", stage::delivered}, std::pair{"proved", stage::proved}})
        board_story(line, attempt, std::string("SN-") + attempt).up_to(reached).finish("failed", "port-gone");
    board_story(line, "passed", "SN-passed").pass();
    // Passed once, and failed when it was done again: nobody knows which one it holds.
    board_story(line, "first", "SN-again").pass();
    board_story(line, "again", "SN-again").up_to(stage::delivered).finish("failed", "port-gone");
    board_story(line, "open", "SN-open").up_to(stage::registered);
    board_story(line, "left", "SN-back").up_to(stage::registered).finish("failed", "port-gone");

    line.clock.utc += std::chrono::days{20};
    board_story(line, "back", "SN-back").start().identify().finish("refused", "order-closed");
    line.clock.utc += std::chrono::days{20};

    const std::string why = "its board has not passed, and not been here since 2026-11-24\n";
    CHECK(stale(std::chrono::days{30}) == "proved proved: " + why + "delivered delivered: " + why +
                                              "registered registered: " + why +
                                              "requested requested: " + why);
    CHECK(stale(std::chrono::days{50}).empty());
    CHECK(
        stale(std::chrono::days{10})
            .starts_with("left registered: its board has not passed, and not been here since 2026-12-14\n"));
}
