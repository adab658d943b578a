// SPDX-License-Identifier: Apache-2.0
#include "report/writer.hpp"

#include <catch2/catch.hpp>

#include "report/columns.hpp"
#include "report/cover.hpp"
#include "report_fixture.hpp"

using namespace fleetline;
using report::csv_cell;

TEST_CASE("a csv cell is quoted when it must be, and only then", "[report]") {
    CHECK(csv_cell("SN0001") == "SN0001");
    CHECK(csv_cell("") == "");
    CHECK(csv_cell("a,b") == "\"a,b\"");
    CHECK(csv_cell("say \"hi\"") == "\"say \"\"hi\"\"\"");
    CHECK(csv_cell("two\nlines") == "\"two\nlines\"");
    CHECK(csv_cell("传感器") == "传感器");
}

TEST_CASE("no cell is a formula to a spreadsheet", "[report]") {
    for (const std::string start : {"=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"}) {
        const auto cell = csv_cell(start + "1+1");
        INFO(cell);
        CHECK((cell.starts_with('\'') || cell.starts_with("\"'")));
    }
    CHECK(csv_cell("=HYPERLINK(\"http://x\",\"y\")") == "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"");
    CHECK(csv_cell("a=b") == "a=b");
}

TEST_CASE("no part of a cell is a formula where another separator counts", "[report]") {
    CHECK(csv_cell("a;b") == "\"a;b\"");
    CHECK(csv_cell("a\tb") == "\"a\tb\"");
    for (const std::string separator : {";", "\t", "\r", "\n", "\r\n"})
        for (const std::string start : {"=", "+", "-", "@", "＝", "'=", "\"=", "\"'\"@"}) {
            const auto cell = csv_cell("x" + separator + start + "1+1;y");
            INFO(cell);
            CHECK(cell.starts_with("\"x" + separator + '\''));
            CHECK(cell.ends_with("1+1;y\""));
        }
    CHECK(csv_cell("a;b=c;;") == "\"a;b=c;;\"");
    CHECK(csv_cell("'=1") == "''=1");
    CHECK(csv_cell("it's") == "it's");
}

TEST_CASE("bytes that are not UTF-8 are shown, not passed on", "[report]") {
    CHECK(csv_cell("a\xff\x80z") == "a\\xff\\x80z");
    ledger::attempt_row row;
    row.serial = "a\xffz";
    std::string line;
    report::append_json_line(line, row);
    CHECK(line.find("\"serial\":\"a\\\\xffz\"") != std::string::npos);
}

TEST_CASE("an empty field is empty in every format, never null", "[report]") {
    const test::scratch_directory scratch;
    auto to = report::output::to_file(scratch.file("csv"));
    const auto csv = report::make_csv_writer(to);
    csv->row({});
    csv->finish();
    to.commit();
    std::string line;
    report::append_json_line(line, {});

    const auto text = test::contents(scratch.file("csv"));
    CHECK(text.substr(text.find("\r\n") + 2) == std::string(26, ',') + "0,\r\n");
    CHECK(line.find("null") == std::string::npos);
    CHECK(line.find("\"duration_ms\":\"\"") != std::string::npos);
}

TEST_CASE("the columns are the pinned ones in the pinned order", "[report]") {
    std::string names;
    for (const auto& column : report::columns()) names += std::string{column.name} + ' ';
    CHECK(names ==
          "attempt_id station slot serial serial_source product order operator dialect firmware_version "
          "started_at "
          "finished_at duration_ms outcome failure_code failure_step thing_name certificate_id "
          "certificate_sha256 "
          "certificate_not_after public_key_sha256 key_origin proof replaces_certificate_id template "
          "clock_synchronised event_seq event_hash ");
}

TEST_CASE("what stands before the rows says exactly what was asked", "[report]") {
    report::cover of;
    of.rows = 5;
    const auto fact = [&of](const std::string& wanted) {
        for (const auto& [label, value] : facts_of(of))
            if (label == wanted) return value;
        return std::string{};
    };
    of.wanted.since = *parse_rfc3339("2026-11-24T08:00:00Z");
    CHECK(fact("Period") == "since 2026-11-24 08:00 UTC");
    of.wanted.until = *parse_rfc3339("2026-11-24T09:10:30Z");
    CHECK(fact("Period") == "2026-11-24 08:00 to 2026-11-24 09:10:30 UTC");
    of.wanted.since = *parse_rfc3339("2026-11-24T08:00:00.123Z");
    CHECK(fact("Period") == "2026-11-24 08:00:00.123 to 2026-11-24 09:10:30 UTC");
    CHECK(fact("Rows") == "5 (every attempt and refusal)");
    of.under_way = 2;
    CHECK(fact("Rows") == "5 (every attempt and refusal), 2 under way");
    of.under_way = 0;
    of.wanted.limit = 5;
    CHECK(fact("Rows") == "5 (every attempt and refusal), no more than 5 were asked for");
}
