// SPDX-License-Identifier: Apache-2.0
#include "report/check.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <system_error>

#include "report_fixture.hpp"

using namespace fleetline;

namespace {

std::string changed(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

report::check_result check_text(const test::day& day, const std::string& text) {
    const auto file = day.directory.file("tampered");
    std::ofstream{file, std::ios::binary} << text;
    return report::check_against(day.reader(), file);
}

}  // namespace

TEST_CASE("a report fits the ledger it came from", "[report]") {
    const test::day day;
    for (const auto& file : {day.written("report.csv", report::make_csv_writer),
                             day.written("report.jsonl", report::make_jsonl_writer)}) {
        const auto found = report::check_against(day.reader(), file);
        CHECK(found.rows == 11);
        INFO((found.problems.empty() ? "" : found.problems.front()));
        CHECK(found.problems.empty());
    }
}

TEST_CASE("a report that was edited does not fit, and the row is named", "[report]") {
    const test::day day;
    const auto csv = test::contents(day.written("report.csv", report::make_csv_writer));
    const auto jsonl = test::contents(day.written("report.jsonl", report::make_jsonl_writer));

    const auto outcome = check_text(day, changed(csv, "device-write-failed", "device-no-answer"));
    REQUIRE(outcome.problems.size() == 1);
    CHECK(outcome.problems[0].find("row 3 (serial SN0003): failure_code") == 0);
    CHECK(check_text(day, changed(jsonl, "\"SN0001\"", "\"SN0009\"")).problems.size() == 1);
    CHECK(check_text(day, changed(csv, "fleet-SN0001", "fleet-SN0002")).problems.size() == 1);
    CHECK(check_text(day, changed(jsonl, "\"event_seq\":14", "\"event_seq\":15")).problems.size() == 1);
}

TEST_CASE("a row of a board that was under way is compared as far as it stood fast", "[report]") {
    const test::day day;
    const auto csv = test::contents(day.written("report.csv", report::make_csv_writer));
    const auto last = csv.rfind("\r\n", csv.size() - 3) + 2;
    const auto with_last = [&](const std::string& from, const std::string& to) {
        const auto found = check_text(day, csv.substr(0, last) + changed(csv.substr(last), from, to));
        return found.problems.empty() ? std::string{} : found.problems.front();
    };
    CHECK(with_last(",SN0006,", ",SN0009,").find("row 11 (serial SN0009): serial is 'SN0009'") == 0);
    CHECK(with_last(",Lin,", ",Kim,").find("operator is 'Kim'") != std::string::npos);
    CHECK(with_last(",B2,", ",B3,").find("slot is 'B3'") != std::string::npos);
    CHECK(with_last(",fleet-SN0006,", ",fleet-SN0007,").find("thing_name") != std::string::npos);
    CHECK(with_last(",1.4.2,", ",,").find("firmware_version is ''") != std::string::npos);

    const auto blanked = check_text(day, changed(csv, ",12400,passed,", ",,,"));
    REQUIRE(blanked.problems.size() == 1);
    CHECK(blanked.problems[0].find("duration_ms is '' in the report and '12400'") != std::string::npos);
}

TEST_CASE("what was exported at any moment of an attempt fits the ledger once it has ended", "[report]") {
    const test::scratch_directory scratch;
    const auto book = scratch.file("ledger.db");
    test::line_story line{book, "line-3"};
    line.opens_order("WO-17", "sensor", 500);
    const attempt_id id{"01a20ca6-deec-78c8-8e14-95df5528dfe6"};
    const serial_number serial{"SN0001"};
    const certificate_id certificate{std::string(64, 'c')};
    const std::string key(64, 'a');
    ledger::issued issued;
    issued.attempt = id;
    issued.certificate = certificate;
    issued.certificate_pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    issued.public_key_sha256 = key;
    issued.not_after = *parse_rfc3339("2049-12-31T23:59:59Z");
    issued.ownership_token = secret("token");
    issued.token_expires = line.clock.utc + std::chrono::hours{1};
    ledger::attempt_finished end;
    end.attempt = id;
    end.outcome = "passed";
    end.duration_ms = 12'400;
    ledger::event events[] = {ledger::attempt_started{id, slot_name("A1"), "pci", product_name("sensor")},
                              ledger::identified{id, serial, "device", "freertos-cli", "1.4.2"},
                              ledger::admitted{id, serial, order_name("WO-17"), "Lin", "sensor-line", false},
                              ledger::csr_made{id, std::string(64, 'b'), key, "device"},
                              ledger::issue_requested{id, key},
                              std::move(issued),
                              ledger::registration_requested{id, certificate, "another-template", {}},
                              ledger::registered{id, certificate, thing_name("fleet-SN0001"), {}, {}},
                              ledger::delivery_started{id, certificate},
                              ledger::delivered{id, certificate},
                              ledger::proved{id, certificate, "readback"},
                              end};
    std::vector<std::string> exported;
    for (auto& event : events) {
        line.later(milliseconds{1000});
        line.clock.in_sync = exported.size() < 6;
        line.append(std::move(event));
        exported.push_back(scratch.file("report-" + std::to_string(exported.size())));
        auto to = report::output::to_file(exported.back());
        const auto writer = report::make_csv_writer(to);
        ledger::reader{book}.attempts({}, [&writer](const ledger::attempt_row& row) {
            writer->row(row);
            return true;
        });
        to.commit();
    }

    for (const auto& file : exported) {
        const auto found = report::check_against(ledger::reader{book}, file);
        INFO(file << ": " << (found.problems.empty() ? "" : found.problems.front()));
        CHECK(found.rows == 1);
        CHECK(found.problems.empty());
    }
    auto forged = test::contents(exported[4]);
    forged.replace(forged.find(",,,,", forged.find("freertos-cli")), 4, ",2026-11-24T09:00:00.000Z,,,");
    std::ofstream{scratch.file("forged"), std::ios::binary} << forged;
    const auto found = report::check_against(ledger::reader{book}, scratch.file("forged"));
    REQUIRE(found.problems.size() == 1);
    CHECK(found.problems[0].find("finished_at is '2026-11-24T09:00:00.000Z' in the report and ''") !=
          std::string::npos);
}

TEST_CASE("an attempt has one row", "[report]") {
    const test::day day;
    const auto csv = test::contents(day.written("report.csv", report::make_csv_writer));
    const auto second = csv.find("\r\n") + 2;
    const auto row = csv.substr(second, csv.find("\r\n", second) + 2 - second);

    const auto found = check_text(day, csv + row);

    CHECK(found.rows == 12);
    REQUIRE(found.problems.size() == 1);
    CHECK(found.problems[0].find("row 12 (serial SN0001): this attempt has a row already") == 0);
    CHECK_FALSE(found.completeness_checked());
}

TEST_CASE("a ledger that was begun anew does not fit an old report", "[report]") {
    const test::day day;
    const auto file = day.written("report.csv", report::make_csv_writer);
    const auto other = day.directory.file("other.db");
    {
        test::line_story line{other, "line-3"};
        line.append(ledger::station_started{"0.1.0", "another configuration"});
        tell_a_day(line);
    }

    const auto found = report::check_against(ledger::reader{other}, file);

    CHECK(found.problems.size() == 11);
}

TEST_CASE("what is no report is said with its line", "[report]") {
    const test::day day;
    const auto csv = test::contents(day.written("report.csv", report::make_csv_writer));
    for (const auto& text :
         {std::string{"hello"}, std::string{"a,b\r\nc,d\r\n"}, csv.substr(0, csv.size() - 5), csv + "\"",
          csv + "x,y\r\n", std::string{"{}\n"}, std::string{"{\"a\":[[[["}, std::string(200'000, ','),
          std::string{"\x00\xff", 2}}) {
        const auto found = check_text(day, text);
        REQUIRE_FALSE(found.problems.empty());
        CHECK(found.problems.back().find("line ") == 0);
    }
}

TEST_CASE("an empty file is no report, unless it is signed", "[report]") {
    const test::day day;
    const auto found = check_text(day, "");
    REQUIRE(found.problems.size() == 1);
    CHECK(found.problems[0] == "it is empty, and without a signature that is no report");
    CHECK_FALSE(found.is_signed);
    const auto csv = test::contents(day.written("report.csv", report::make_csv_writer));
    CHECK(check_text(day, csv.substr(0, csv.find("\r\n") + 2)).problems.empty());

    std::ofstream{day.directory.file("tampered.p7s")} << "x";
    const auto with_signature = check_text(day, "");
    REQUIRE(with_signature.problems.size() == 1);
    CHECK(with_signature.problems[0].starts_with("its signature: "));
    CHECK(with_signature.is_signed);
    CHECK_FALSE(with_signature.said);
}

TEST_CASE("a report is read from a regular file alone, and to its end", "[report]") {
    const test::day day;
    const auto reader = day.reader();
    const auto pipe = day.directory.file("pipe");
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);

    CHECK_THROWS_WITH(report::check_against(reader, pipe), Catch::EndsWith("it is no regular file"));
    CHECK_THROWS_WITH(report::check_against(reader, std::filesystem::path{pipe}.parent_path()),
                      Catch::EndsWith("Is a directory"));
    CHECK_THROWS_WITH(report::check_against(reader, "/proc/self/mem"), Catch::EndsWith("Input/output error"));
}

TEST_CASE("a line of jsonl is read as far as one can be long", "[report]") {
    const test::day day;
    const auto jsonl = test::contents(day.written("report.jsonl", report::make_jsonl_writer));
    const auto end = jsonl.find('\n');
    const auto padded = [&](std::size_t length) {
        return check_text(day, jsonl.substr(0, end) + std::string(length - end, ' ') + jsonl.substr(end));
    };

    CHECK(padded(65'536).problems.empty());
    CHECK(padded(65'536).rows == 11);
    CHECK(padded(65'537).problems == std::vector<std::string>{"line 1: the line is too long"});
    CHECK(check_text(day, jsonl.substr(0, jsonl.size() - 1)).problems.empty());
}
