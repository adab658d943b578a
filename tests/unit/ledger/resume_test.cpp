// SPDX-License-Identifier: Apache-2.0
// The design's resume table, row by row: what the ledger remembers of a board that is plugged again.
#include <catch2/catch.hpp>

#include "core/digest.hpp"
#include "ledger_fixture.hpp"

using namespace fleetline;
using namespace fleetline::test;
using ledger::stage;

namespace {

std::string state_of(const ledger_fixture& line, const std::string& attempt) {
    return line.query("SELECT state FROM certificate WHERE certificate_id = '" + sha256_hex(attempt) + "'");
}

}  // namespace

TEST_CASE("a serial never seen before has no record", "[ledger][resume]") {
    ledger_fixture line;

    const auto record = line.device("SN0001");

    CHECK(record.reached == stage::none);
    CHECK(record.attempt.empty());
    CHECK_FALSE(record.rework_authorised);
}

TEST_CASE("the record tells how far the last attempt came, and what it left", "[ledger][resume]") {
    struct row {
        stage reached;
        bool certificate, token, thing, current;
    };
    const auto expected = GENERATE(
        row{stage::identified, false, false, false, false}, row{stage::csr_made, false, false, false, false},
        row{stage::issue_requested, false, false, false, false}, row{stage::issued, true, true, false, false},
        row{stage::registration_requested, true, true, false, false},
        row{stage::registered, true, false, true, false},
        row{stage::delivery_started, true, false, true, false},
        row{stage::delivered, true, false, true, false}, row{stage::proved, true, false, true, false},
        row{stage::passed, true, false, true, true});
    const bool crashed = GENERATE(true, false);  // without an outcome, or with one
    ledger_fixture line;
    board_story story(line, "attempt-1", "SN0001");

    story.up_to(expected.reached);
    if (!crashed && expected.reached != stage::passed) story.finish("failed", "port-gone");
    line.reopen();
    const auto record = line.device("SN0001");

    CAPTURE(static_cast<int>(expected.reached), crashed);
    CHECK(record.reached == expected.reached);
    CHECK(record.attempt.text() == "attempt-1");
    CHECK(record.attempt_open == (crashed && expected.reached != stage::passed));
    CHECK(record.certificate.empty() != expected.certificate);
    CHECK(record.certificate_pem.empty() != expected.certificate);
    CHECK(record.ownership_token.empty() != expected.token);
    CHECK(record.thing.empty() != expected.thing);
    CHECK(record.device_configuration.empty() != expected.thing);
    CHECK(record.current_certificate.empty() != expected.current);
    CHECK(record.public_key_sha256.empty() == (expected.reached < stage::csr_made));
    CHECK(record.failures == (crashed || expected.reached == stage::passed ? 0 : 1));
}

TEST_CASE("what the template returned comes back as it was", "[ledger][resume]") {
    ledger_fixture line;
    board_story(line, "attempt-1", "SN0001").up_to(stage::registered);

    const auto record = line.device("SN0001");

    CHECK(record.device_configuration.at("note") == "a \"quoted\"\nline");
    CHECK(record.template_name == "line-template");
    CHECK(record.key_origin == "device");
    CHECK(record.certificate_pem.find("-----BEGIN CERTIFICATE-----\nattempt-1\n") == 0);
}

TEST_CASE("an ownership token past its lifetime is not handed out", "[ledger][resume]") {
    ledger_fixture line;
    board_story(line, "attempt-1", "SN0001").up_to(stage::issued).finish("failed", "port-gone");

    line.clock.utc += std::chrono::hours{2};

    CHECK(line.device("SN0001").reached == stage::issued);
    CHECK(line.device("SN0001").ownership_token.empty());
}

TEST_CASE("a board that passed and is plugged again is still passed, whatever came of that plug",
          "[ledger][resume]") {
    ledger_fixture line;
    board_story(line, "attempt-1", "SN0001").pass();
    const auto passed_at = line.clock.utc;
    board_story again(line, "attempt-2", "SN0001");

    SECTION("refused") {
        again.start().identify().finish("refused", "already-provisioned");
    }
    SECTION("unplugged while it was identified") {
        again.start().identify().finish("abandoned");
    }
    SECTION("still being looked at") {
        again.start().identify();
    }
    SECTION("failed before its key was touched") {
        again.start().identify().admit().finish("failed", "x");
    }
    const auto record = line.device("SN0001");

    CHECK(record.reached == stage::passed);
    CHECK(record.attempt.text() == "attempt-1");
    CHECK(record.finished_at == passed_at);
    CHECK(record.slot.text() == "A1");
    CHECK(record.outcome == "passed");
    CHECK(record.current_certificate.text() == sha256_hex("attempt-1"));
}

TEST_CASE("an attempt that never found out who is there leaves the record alone", "[ledger][resume]") {
    ledger_fixture line;
    board_story(line, "attempt-1", "SN0001").up_to(stage::registered).finish("failed", "port-gone");

    board_story(line, "attempt-2", "SN0001").start().finish("failed", "device-no-answer");

    CHECK(line.device("SN0001").attempt.text() == "attempt-1");
    CHECK(line.device("SN0001").reached == stage::registered);
    CHECK(line.device("SN0001").failures == 1);
}

TEST_CASE("an attempt that ended before the key was touched leaves the earlier credential to resume",
          "[ledger][resume]") {
    ledger_fixture line;
    board_story(line, "attempt-1", "SN0001").up_to(stage::registered).finish("failed", "port-gone");

    board_story(line, "attempt-2", "SN0001")
        .start()
        .identify()
        .admit()
        .resume("attempt-1", "deliver-recorded")
        .finish("failed", "port-gone");

    const auto record = line.device("SN0001");
    CHECK(record.reached == stage::registered);
    CHECK(record.certificate.text() == sha256_hex("attempt-1"));
    CHECK(record.failures == 2);
}

TEST_CASE("an attempt that began first and acted last is the one to go on with", "[ledger][resume]") {
    ledger_fixture line;
    board_story first(line, "attempt-1", "SN0001");
    first.start();
    board_story(line, "attempt-2", "SN0001")
        .start()
        .identify()
        .admit()
        .make_csr()
        .finish("failed", "port-gone");
    first.identify().admit().make_csr().request_issue().issue();

    const auto record = line.device("SN0001");

    CHECK(record.attempt.text() == "attempt-1");
    CHECK(record.reached == stage::issued);
    CHECK(record.certificate.text() == sha256_hex("attempt-1"));
}

TEST_CASE("an attempt that goes on with a recorded credential passes with it", "[ledger][resume]") {
    ledger_fixture line;
    board_story(line, "attempt-1", "SN0001").up_to(stage::registered).finish("failed", "port-gone");
    board_story second(line, "attempt-2", "SN0001");

    second.start().identify().admit().resume("attempt-1", "deliver-recorded").start_delivery();
    CHECK(line.device("SN0001").reached == stage::delivery_started);
    CHECK(line.device("SN0001").key_origin == "device");
    second.deliver().prove().finish("passed");

    CHECK(line.device("SN0001").reached == stage::passed);
    CHECK(line.device("SN0001").current_certificate.text() == sha256_hex("attempt-1"));
    CHECK(line.query(
              "SELECT thing_name, key_origin, public_key_sha256 IS NOT NULL FROM attempt WHERE number > 1 "
              "AND outcome = 'passed'") == "thing-SN0001|device|1");
    CHECK(state_of(line, "attempt-1") == "current");
}

TEST_CASE("a new key sets aside what earlier attempts left", "[ledger][resume]") {
    struct row {
        stage left;
        const char* becomes;
    };
    const auto expected =
        GENERATE(row{stage::issued, "unaccounted"}, row{stage::registration_requested, "orphaned"},
                 row{stage::registered, "orphaned"}, row{stage::delivered, "orphaned"});
    ledger_fixture line;
    board_story(line, "attempt-1", "SN0001").up_to(expected.left).finish("failed", "port-gone");

    board_story second(line, "attempt-2", "SN0001");
    second.up_to(stage::csr_made);

    CHECK(state_of(line, "attempt-1") == expected.becomes);
    CHECK(line.query("SELECT count(*) FROM ownership_token") == "0");
    const auto record = line.device("SN0001");
    CHECK(record.reached == stage::csr_made);
    CHECK(record.certificate.empty());
    CHECK(record.ownership_token.empty());
}

TEST_CASE("an answer that got lost is asked for again once, and is in the books", "[ledger][resume]") {
    ledger_fixture line;
    board_story first(line, "attempt-1", "SN0001");
    first.up_to(stage::issue_requested);
    ledger::certificate_set_aside lost;
    lost.state = "unaccounted";
    lost.why = "no answer";

    SECTION("by the attempt that asked") {
        lost.attempt = attempt_id("attempt-1");
        line.append(lost);
        first.finish("failed", "cloud-no-answer");
    }
    SECTION("by the next one, which then is cut off") {
        line.reopen();
        first.finish("abandoned", "station-interrupted");
        REQUIRE(line.device("SN0001").reached == stage::issue_requested);
        board_story(line, "attempt-2", "SN0001").start().identify().admit();
        lost.attempt = attempt_id("attempt-2");
        line.append(lost);
        line.reopen();
    }

    CHECK(line.device("SN0001").reached == stage::csr_made);
    CHECK(line.query("SELECT state, serial, certificate_id IS NULL FROM certificate") ==
          "unaccounted|SN0001|1");
}

TEST_CASE("a second answer cannot take a certificate away from the board that holds it", "[ledger][resume]") {
    ledger_fixture line;
    const auto reached = GENERATE(stage::registered, stage::proved, stage::passed);
    board_story(line, "attempt-1", "SN0001").up_to(reached);
    ledger::certificate_set_aside late;
    late.certificate = certificate_id(sha256_hex("attempt-1"));
    late.state = "unaccounted";

    CHECK_THROWS(line.append(std::move(late)));

    CHECK(line.device("SN0001").reached == reached);
}

TEST_CASE("nor from the board that is to get it", "[ledger][resume]") {
    ledger_fixture line;
    const auto reached = GENERATE(stage::issued, stage::registration_requested);
    board_story(line, "attempt-1", "SN0001").up_to(reached);
    ledger::certificate_set_aside late;
    late.certificate = certificate_id(sha256_hex("attempt-1"));
    late.state = "unaccounted";
    late.certificate_pem = "as it came";  // what the session tells of an answer that nobody waits for

    CHECK_THROWS(line.append(std::move(late)));

    CHECK(line.device("SN0001").reached == reached);
    CHECK(line.query("SELECT count(*) FROM ownership_token") == "1");
}

TEST_CASE("a certificate set aside is nothing to resume", "[ledger][resume]") {
    ledger_fixture line;
    board_story(line, "attempt-1", "SN0001")
        .up_to(stage::registration_requested)
        .finish("failed", "cloud-no-answer");

    line.append(ledger::certificate_set_aside{certificate_id(sha256_hex("attempt-1")),
                                              "orphaned",
                                              "token refused",
                                              attempt_id("attempt-1"),
                                              {},
                                              {}});

    const auto record = line.device("SN0001");
    CHECK(record.reached == stage::csr_made);
    CHECK(record.certificate.empty());
    CHECK(line.query("SELECT count(*) FROM ownership_token") == "0");
}

TEST_CASE("a rework replaces the certificate when it passes, not before", "[ledger][resume]") {
    ledger_fixture line;
    board_story(line, "attempt-1", "SN0001").pass();
    line.append(ledger::rework_authorised{serial_number("SN0001"), "flash replaced", "kim"});
    CHECK(line.device("SN0001").rework_authorised);
    board_story second(line, "attempt-2", "SN0001");

    second.start().identify().admit(true).make_csr().finish("failed", "port-gone");
    CHECK(line.device("SN0001").reached == stage::csr_made);
    CHECK(line.device("SN0001").rework_authorised);
    CHECK(line.device("SN0001").current_certificate.text() == sha256_hex("attempt-1"));
    CHECK(state_of(line, "attempt-1") == "current");

    board_story(line, "attempt-3", "SN0001").pass();
    CHECK_FALSE(line.device("SN0001").rework_authorised);
    CHECK(line.device("SN0001").current_certificate.text() == sha256_hex("attempt-3"));
    CHECK(state_of(line, "attempt-1") == "superseded");
    CHECK(line.query("SELECT replaces FROM attempt WHERE attempt_id = 'attempt-3'") ==
          sha256_hex("attempt-1"));
    CHECK(line.query("SELECT count(*) FROM certificate WHERE state = 'current'") == "1");
}

TEST_CASE("another board's certificate cannot be gone on with", "[ledger][resume]") {
    ledger_fixture line;
    board_story(line, "attempt-1", "SN0001").up_to(stage::registered);
    board_story second(line, "attempt-2", "SN0002");
    second.up_to(stage::csr_made);

    second.certificate = sha256_hex("attempt-1");

    CHECK_THROWS(second.start_delivery());
}

TEST_CASE("a certificate that was revoked is no longer the board's", "[ledger][resume]") {
    ledger_fixture line;
    board_story(line, "attempt-1", "SN0001").pass();

    line.append(ledger::certificate_revoked{certificate_id(sha256_hex("attempt-1")), "kim", "key leaked"});

    CHECK(line.device("SN0001").reached == stage::passed);
    CHECK(line.device("SN0001").current_certificate.empty());
    CHECK(state_of(line, "attempt-1") == "revoked");
}

TEST_CASE("a serial number is known to be part of one that was here lately", "[ledger][resume]") {
    ledger_fixture line;
    const auto similar = [&line](const char* serial) { return line.device(serial).similar_serial_lately; };
    board_story(line, "attempt-1", "SN0001").start().identify().finish("failed");
    CHECK(similar("SN000"));  // from here on they are remembered
    CHECK_FALSE(similar("SN0001"));
    CHECK_FALSE(similar(""));

    board_story later(line, "attempt-2", "XY77");
    later.start();
    CHECK_FALSE(similar("XY7"));
    later.identify();
    CHECK(similar("XY7"));
    line.append(ledger::admitted{attempt_id("attempt-2"), serial_number("XY99"), {}, "kim", "t", false});
    CHECK_FALSE(similar("XY7"));
    CHECK(similar("XY9"));

    for (int i = 0; i < 254; ++i) board_story(line, "more-" + std::to_string(i), "Z").start();
    CHECK(similar("SN000"));
    board_story(line, "one-more", "Z").start();
    CHECK_FALSE(similar("SN000"));  // 256 have come since
    CHECK(similar("XY9"));

    ledger_fixture other;
    board_story(other, "attempt-1", "SN0001").start();
    CHECK_FALSE(other.device("SN00").similar_serial_lately);
    other.sql("UPDATE attempt SET serial = 'SN0001'");  // by somebody else
    CHECK(other.device("SN00").similar_serial_lately);
}

TEST_CASE("a certificate whose registration was asked for is remembered, answered or not",
          "[ledger][resume]") {
    ledger_fixture line;
    board_story(line, "attempt-1", "SN0001").up_to(stage::issued).finish("failed", "port-gone");
    CHECK(line.device("SN0001").registrations.empty());

    board_story story(line, "attempt-2", "SN0001");
    story.up_to(stage::registration_requested).finish("failed", "cloud-no-answer");
    line.reopen();
    REQUIRE(line.device("SN0001").registrations.size() == 1);
    CHECK(line.device("SN0001").registrations.front().text() == story.certificate);
    CHECK(line.device("SN0002").registrations.empty());

    board_story(line, "attempt-3", "SN0002").up_to(stage::registered);
    REQUIRE(line.device("SN0002").registrations.size() == 1);
    CHECK(line.device("SN000").similar_serial_lately);
    CHECK_FALSE(line.device("SN0002").similar_serial_lately);
    CHECK_FALSE(line.device("SN00021").similar_serial_lately);
    REQUIRE(line.device("SN0002").registrations.size() == 1);
    CHECK(line.device("SN0002").registrations.front().text() == sha256_hex("attempt-3"));

    line.clock.utc += std::chrono::hours{25};  // its answer has come, or never will
    CHECK(line.device("SN0002").registrations.empty());
}
