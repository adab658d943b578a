// SPDX-License-Identifier: Apache-2.0
// Reports as other people's programs read them: the published schema, Python's csv, SQLite's import.
#include <catch2/catch.hpp>

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
    return report::make_cover(day.reader(), {}, *parse_rfc3339("2026-11-24T09:00:00Z"));
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
for text in ("fleetline audit report", "First-pass yield", "device-no-answer", "11 (every attempt)"):
    assert text in summary, text
assert len([name for name in book.namelist() if name.startswith("xl/charts/chart")]) == 3
)py");

    const auto said = test::shell("python3 " + check + ' ' + xlsx + " 2>&1");

    INFO(said.text);
    CHECK(said.status == 0);
}

TEST_CASE("the workbook opens in LibreOffice", "[report][slow]") {
    if (test::shell("command -v soffice").status != 0) return;
    const test::day day;
    const auto xlsx = day.written(
        "report.xlsx", [&day](report::output& to) { return report::make_xlsx_writer(to, front_of(day)); });
    const auto place = day.directory.path().string();

    const auto said =
        test::shell("cd " + place + " && HOME=" + place +
                    " soffice --headless --convert-to csv:\"Text - txt - csv "
                    "(StarCalc)\":44,34,76,1,,0,false,true,false,false,false,2 report.xlsx 2>&1");

    INFO(said.text);
    CHECK(said.status == 0);
    CHECK(test::shell("cat " + place + "/*.csv | grep -c fleet-SN0001").text == "1\n");
}

TEST_CASE("the pdf is for people: figures, every row, any script, the chain's head on every page",
          "[report]") {
    const test::day day;
    const auto pdf = day.written(
        "report.pdf", [&day](report::output& to) { return report::make_pdf_writer(to, front_of(day)); });

    const auto text = test::shell("pdftotext -layout " + pdf + " - 2>&1").text;

    for (const auto* wanted : {"Audit report", "first-pass yield", "66.7 %", "page 1 of 2", "page 2 of 2",
                               "传感器", "李明", "=SUM(A1)", "failed: device-write-failed"}) {
        INFO(wanted);
        CHECK(text.find(wanted) != std::string::npos);
    }
    const auto head = day.reader().head().hash;
    std::size_t pages = 0;
    for (auto at = text.find(head); at != std::string::npos; at = text.find(head, at + 1)) ++pages;
    CHECK(pages == 3);
}
