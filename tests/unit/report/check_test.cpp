// SPDX-License-Identifier: Apache-2.0
#include "report/check.hpp"

#include <catch2/catch.hpp>

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
