// SPDX-License-Identifier: Apache-2.0
// Reports as other people's programs read them: the published schema, Python's csv, SQLite's import.
#include <algorithm>
#include <catch2/catch.hpp>
#include <system_error>

#include "report/xlsx_parts.hpp"
#include "report_fixture.hpp"
#include "support/shell.hpp"

using namespace fleetline;

namespace {

void write(const std::string& file, const std::string& text) {
    std::ofstream{file, std::ios::binary} << text;
}

}  // namespace

TEST_CASE("every line of jsonl fits the published schema", "[report]") {
    const test::day day;
    const auto report = day.written("report.jsonl", report::make_jsonl_writer);
    const auto check = day.directory.file("check.py");
    write(check, R"py(import json, sys, jsonschema
schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
rows = [json.loads(line) for line in open(sys.argv[2], encoding="utf-8")]
for row in rows:
    jsonschema.validate(row, schema, cls=jsonschema.Draft202012Validator)
    assert list(row) == list(schema["properties"]), "order"
print(len(rows))
)py");

    const auto said = test::shell("python3 -W ignore " + check +
                                  " " FLEETLINE_SOURCE_DIR "/schema/report.schema.json " + report + " 2>&1");

    INFO(said.text);
    CHECK(said.status == 0);
    CHECK(said.text == "11\n");
}

TEST_CASE("csv says to Python what jsonl says", "[report]") {
    const test::day day;
    const auto csv = day.written("report.csv", report::make_csv_writer);
    const auto jsonl = day.written("report.jsonl", report::make_jsonl_writer);
    const auto check = day.directory.file("check.py");
    write(check, R"py(import csv, json, sys
rows = list(csv.DictReader(open(sys.argv[1], encoding="utf-8", newline=""), strict=True))
told = [json.loads(line) for line in open(sys.argv[2], encoding="utf-8")]
assert len(rows) == len(told) > 0
def text(value):
    if isinstance(value, bool): return str(value).lower()
    value = str(value)
    return "'" + value if value[:1] in ("=", "+", "-", "@") else value
for row, one in zip(rows, told):
    assert row == {key: text(value) for key, value in one.items()}, (row, one)
)py");

    const auto said = test::shell("python3 " + check + ' ' + csv + ' ' + jsonl + " 2>&1");

    INFO(said.text);
    CHECK(said.status == 0);
}

TEST_CASE("csv's apostrophes are taken away as the schema says", "[report]") {
    const test::scratch_directory scratch;
    const auto check = scratch.file("check.py");
    write(check, R"py(import csv, itertools, json, re, sys
told = json.load(open(sys.argv[1]))["description"]
undo = re.compile(re.search(r"matches: (.*)$", told).group(1))
texts = ["".join(parts) for parts in itertools.product(["", "x", "'", '"', ";", "\t", "\n", "=", "＠"], repeat=4)]
rows = list(csv.reader(open(sys.argv[2], encoding="utf-8", newline=""), strict=True))[1:]
assert len(rows) == len(texts)
for row, text in zip(rows, texts):
    assert undo.sub("", row[3]) == text, (row[3], text)
    for part in re.split("[;\t\n]", row[3]):
        assert part.strip("\"")[:1] not in ("=", "＠"), (row[3], text)
)py");
    auto to = report::output::to_file(scratch.file("report.csv"));
    const auto writer = report::make_csv_writer(to);
    const std::vector<std::string> pieces{"", "x", "'", "\"", ";", "\t", "\n", "=", "＠"};
    for (const auto& a : pieces)
        for (const auto& b : pieces)
            for (const auto& c : pieces)
                for (const auto& d : pieces) {
                    ledger::attempt_row row;
                    row.serial = a + b + c + d;
                    writer->row(row);
                }
    writer->finish();
    to.commit();

    const auto said =
        test::shell("python3 " + check + " " FLEETLINE_SOURCE_DIR "/schema/report.schema.json " +
                    scratch.file("report.csv") + " 2>&1");

    INFO(said.text);
    CHECK(said.status == 0);
}

TEST_CASE("csv goes through SQLite's import and comes back the same", "[report]") {
    const test::day day;
    const auto csv = day.written("report.csv", report::make_csv_writer);
    const auto check = day.directory.file("check.py");
    write(check, R"py(import csv, subprocess, sys
# The second ".mode csv": ".import" leaves the shell writing LF in place of CRLF.
back = subprocess.run(["sqlite3", ":memory:", ".mode csv", ".import " + sys.argv[1] + " report", ".mode csv",
                       ".headers on", "SELECT * FROM report"], check=True, capture_output=True).stdout
written = open(sys.argv[1], "rb").read()
assert back.count(b"\r\n") == written.count(b"\r\n") == 12
rows = [list(csv.reader(text.decode().splitlines(keepends=True), strict=True)) for text in (written, back)]
assert rows[0] == rows[1], (rows[0], rows[1])
print(len(rows[0]))
)py");

    const auto said = test::shell("python3 " + check + ' ' + csv + " 2>&1");

    INFO(said.text);
    CHECK(said.status == 0);
    CHECK(said.text == "12\n");
}

namespace {

report::cover front_of(const test::day& day) {
    return report::make_cover(day.reader(), "line-3", {}, *parse_rfc3339("2026-11-24T09:00:00Z"));
}

}  // namespace

TEST_CASE("the workbook's cells are typed, its heading frozen and filtered", "[report]") {
    const test::day day;
    const auto xlsx = day.written(
        "report.xlsx", [&day](report::output& to) { return report::make_xlsx_writer(to, front_of(day)); });
    const auto check = day.directory.file("check.py");
    write(check, R"py(import re, sys, zipfile
book = zipfile.ZipFile(sys.argv[1])
assert book.testzip() is None
sheet = book.read("xl/worksheets/sheet2.xml").decode()
rows = re.findall(r"<row r=.*?</row>", sheet)
assert len(rows) == 12, len(rows)
assert 'ySplit="1"' in sheet and 'state="frozen"' in sheet
assert '<autoFilter ref="A1:AB12"/>' in sheet
first = rows[1]
assert re.search(r'<c r="M2"><v>12400</v></c>', first), "a number"
assert re.search(r'<c r="Z2" t="b"><v>1</v></c>', first), "a boolean"
assert re.search(r'<c r="K2" s="\d+"><v>46350\.25005787', first), "a time"
assert "<f>" not in sheet, "no formula"
assert "=SUM(A1)" in sheet and "传感器" in sheet
summary = book.read("xl/worksheets/sheet1.xml").decode()
for text in ("fleetline audit report", "First-pass yield", "Refused, no attempts", "device-no-answer", "11 (every attempt and refusal), 1 under way"):
    assert text in summary, text
assert len([name for name in book.namelist() if name.startswith("xl/charts/chart")]) == 3
)py");

    const auto said = test::shell("python3 " + check + ' ' + xlsx + " 2>&1");

    INFO(said.text);
    CHECK(said.status == 0);
}

namespace {

/// A line of hostile text in every place that a workbook has for text.
std::string hostile_workbook(const test::day& day) {
    const std::string hostile =
        "a\xEF\xBF\xBE"
        "b\xEF\xBF\xBF"
        "c\xFF"
        "d\x01"
        "e<&>\"f_x0041_\xF0\x9F\x98\x80";
    auto front = front_of(day);
    front.station = front.wanted.order = front.wanted.product = hostile;
    front.by_slot.groups.at(0).name = hostile;
    front.by_day.failures.at(0).code = hostile;
    ledger::attempt_row row;
    row.serial = row.started_at = row.operator_name = hostile;
    const auto file = day.directory.file("hostile.xlsx");
    auto to = report::output::to_file(file);
    const auto writer = report::make_xlsx_writer(to, front);
    writer->row(row);
    writer->finish();
    to.commit();
    return file;
}

}  // namespace

TEST_CASE("whatever the ledger holds, each part of the workbook is XML", "[report]") {
    const test::day day;
    const auto check = day.directory.file("check.py");
    write(check, R"py(import sys, xml.etree.ElementTree, zipfile
book = zipfile.ZipFile(sys.argv[1])
for name in book.namelist():
    xml.etree.ElementTree.fromstring(book.read(name))
sheet = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
for part, times in ("xl/worksheets/sheet1.xml", 5), ("xl/worksheets/sheet2.xml", 3):
    texts = [text.text for text in xml.etree.ElementTree.fromstring(book.read(part)).iter(sheet + "t")]
    found = [text for text in texts if text.startswith("a\\xef\\xbf\\xbeb\\xef\\xbf\\xbfc\\xff")]
    assert len(found) == times, (part, texts)
)py");

    const auto said = test::shell("python3 " + check + ' ' + hostile_workbook(day) + " 2>&1");

    INFO(said.text);
    CHECK(said.status == 0);
}

TEST_CASE("a workbook that cannot be read back is an error, not a short report", "[report]") {
    const test::scratch_directory scratch;
    auto to = report::output::to_file(scratch.file("report"));
    CHECK_THROWS_AS(report::append_file(to, scratch.file("nothing")), std::system_error);
    CHECK_THROWS_AS(report::append_file(to, scratch.path()), std::system_error);
}

TEST_CASE("the workbook opens in LibreOffice", "[report][slow]") {
    if (test::shell("command -v soffice").status != 0) {
        WARN("SKIPPED: LibreOffice is not installed (scripts/install-packages)");
        return;
    }
    const test::day day;
    day.written("report.xlsx",
                [&day](report::output& to) { return report::make_xlsx_writer(to, front_of(day)); });
    hostile_workbook(day);
    const auto place = day.directory.path().string();

    // The last number: every sheet, each into a file of its own.
    const auto said = test::shell(
        "cd " + place + " && HOME=" + place + " timeout 150 soffice -env:UserInstallation=file://" + place +
        "/office --headless --convert-to csv:\"Text - txt - csv "
        "(StarCalc)\":44,34,76,1,,0,false,true,false,false,false,-1 report.xlsx hostile.xlsx 2>&1");

    INFO(said.text);
    CHECK(said.status == 0);
    const auto attempts = test::contents(day.directory.file("report-Attempts.csv"));
    CHECK(std::count(attempts.begin(), attempts.end(), '\n') == 12);
    for (const auto* text :
         {"fleet-SN0001", "2026-11-24 06:00:17.400", ",12400,", "传感器", "=SUM(A1)", ",TRUE,"}) {
        INFO(text);
        CHECK(attempts.find(text) != std::string::npos);
    }
    const auto summary = test::contents(day.directory.file("report-Summary.csv"));
    for (const auto* text : {"fleetline audit report", "11 (every attempt and refusal), 1 under way",
                             "device-no-answer", "66.666"}) {
        INFO(text);
        CHECK(summary.find(text) != std::string::npos);
    }
    const std::string hostile = R"(a\xef\xbf\xbeb\xef\xbf\xbfc\xffd\x01e<&>)";
    CHECK(test::contents(day.directory.file("hostile-Attempts.csv")).find(hostile) != std::string::npos);
    CHECK(test::contents(day.directory.file("hostile-Summary.csv")).find(hostile) != std::string::npos);
}

TEST_CASE("names that only their ends tell apart look different in the pdf", "[report]") {
    const test::scratch_directory scratch;
    const auto member = GENERATE(&ledger::attempt_row::serial, &ledger::attempt_row::thing_name);
    // As it is seen: the text within a pdf is whole also where it is cut.
    const auto seen = [&](const std::string& name) {
        auto to = report::output::to_file(scratch.file("report.pdf"));
        report::cover front;
        front.rows = 1;
        const auto writer = report::make_pdf_writer(to, front);
        ledger::attempt_row row;
        row.*member = name;
        writer->row(row);
        writer->finish();
        to.commit();
        const auto page = scratch.file("page");
        REQUIRE(
            test::shell("pdftoppm -r 100 -f 2 -singlefile -gray " + scratch.file("report.pdf") + ' ' + page)
                .status == 0);
        return test::contents(page + ".pgm");
    };
    const std::string begin = "SENSOR-LINE-2026-000000000000";
    const bool same = seen(begin + "17") == seen(begin + "17");
    const bool different = seen(begin + "17") != seen(begin + "18");
    REQUIRE(same);
    CHECK(different);
}

TEST_CASE("the pdf is for people: figures, every row, any script, the chain's head on every page",
          "[report]") {
    const test::day day;
    const auto pdf = day.written(
        "report.pdf", [&day](report::output& to) { return report::make_pdf_writer(to, front_of(day)); });

    const auto text = test::shell("pdftotext -layout " + pdf + " - 2>&1").text;

    for (const auto* wanted :
         {"Audit report", "first-pass yield", "66.7 %", "page 1 of 2", "page 2 of 2", "传感器", "李明",
          "=SUM(A1)", "failed: device-write-failed", "refused, no attempts"}) {
        INFO(wanted);
        CHECK(text.find(wanted) != std::string::npos);
    }
    const auto head = day.reader().head().hash;
    std::size_t pages = 0;
    for (auto at = text.find(head); at != std::string::npos; at = text.find(head, at + 1)) ++pages;
    CHECK(pages == 3);
}
