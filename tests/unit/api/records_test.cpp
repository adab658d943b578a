// SPDX-License-Identifier: Apache-2.0
// What the API reads from the ledger, and what it has done.
#include <atomic>
#include <catch2/catch.hpp>
#include <fstream>
#include <future>
#include <mutex>
#include <vector>

#include "api/unfit_serials.hpp"
#include "core/failure.hpp"
#include "support/line_story.hpp"
#include "support/shell.hpp"
#include "unit/api/api_line.hpp"

using namespace fleetline;
using namespace fleetline::api;
using api::test::client;
using api::test::line;
using fleetline::test::line_story;

namespace {

/// One board fails and passes at the second try, one passes at once, one is refused.
void tell(const settings& wanted) {
    line_story story{wanted.ledger_file, "station-1"};
    story.at("2026-11-24T08:00:00Z");
    story.opens_order("WO-17", "sensor", 100);
    story.fails({"SN1"}, "deliver", "device-write-failed", "the board said no");
    story.later(milliseconds{60'000});
    story.passes({"SN1"});
    story.later(milliseconds{60'000});
    story.passes({"SN2", "A2"}, milliseconds{10'000});
    story.is_refused({"SN2", "A2"}, "already-provisioned", "passed before");
}

}  // namespace

TEST_CASE("attempts are listed newest first, filtered and limited", "[api]") {
    line here{tell};

    const auto all = here.get("/api/v1/attempts").json()["attempts"];
    REQUIRE(all.size() == 4);
    CHECK(all[0]["outcome"] == "refused");
    CHECK(all[3]["failure_code"] == "device-write-failed");
    CHECK(all[3]["failure_reason"] == "the board said no");
    CHECK(here.get("/api/v1/attempts?serial=SN1&outcome=passed").json()["attempts"].size() == 1);
    CHECK(here.get("/api/v1/attempts?limit=2").json()["attempts"].size() == 2);
    CHECK(here.get("/api/v1/attempts?limit=0").json()["attempts"].empty());
    CHECK(here.get("/api/v1/attempts?until=2026-11-24T08%3A00%3A30Z").json()["attempts"].size() == 1);
    CHECK(here.get("/api/v1/attempts?serial=%27%20OR%201%3D1%20--").json()["attempts"].empty());
}

TEST_CASE("a ledger that is another file now is read from the new one, and a deleted one no more", "[api]") {
    line here{tell};
    const auto& file = here.wanted.ledger_file;
    REQUIRE(here.get("/api/v1/attempts").json()["attempts"].size() == 4);

    // As the daemon puts one back: complete, in one step, and it goes on with that.
    std::filesystem::copy_file(file, file.string() + ".put-back");
    std::filesystem::rename(file.string() + ".put-back", file);
    for (const char* ending : {"-wal", "-shm"}) std::filesystem::remove(file.string() + ending);
    {
        line_story story{file, "station-1"};
        story.at("2026-11-25T08:00:00Z");
        story.passes({"SN3"});
    }
    CHECK(here.get("/api/v1/attempts").json()["attempts"].size() == 5);

    for (const char* ending : {"", "-wal", "-shm"}) std::filesystem::remove(file.string() + ending);
    CHECK(here.get("/api/v1/attempts").json()["code"] == "station-ledger-missing");
}

TEST_CASE("attempts are searched by a part of their names, by code and by operator", "[api]") {
    line here{tell};
    const auto found = [&](const std::string& query) {
        std::string all;
        const auto answer = here.get("/api/v1/attempts?" + query).json();
        for (const auto& one : answer["attempts"])
            all += one["serial"].get<std::string>() + ' ' + one["outcome"].get<std::string>() + ';';
        return all;
    };
    CHECK(found("search=sn1") == "SN1 passed;SN1 failed;");
    CHECK(found("search=N") == "SN2 refused;SN2 passed;SN1 passed;SN1 failed;");
    CHECK(found("search=N&limit=1") == "SN2 refused;");
    CHECK(found("search=N&outcome=passed&slot=A2") == "SN2 passed;");
    CHECK(found("search=fleet-sn2") == "SN2 passed;");  // the thing's name; the refused attempt has none
    CHECK(found("search=%25") == "");
    CHECK(found("search=S_1") == "");
    CHECK(found("search=%5C").empty());
    CHECK(found("failure_code=device-write-failed") == "SN1 failed;");
    CHECK(found("operator=Lin&serial=SN2") == "SN2 passed;");
    CHECK(found("operator=lin") == "");
    CHECK(here.get("/api/v1/devices?search=n2").json()["devices"].size() == 1);
    CHECK(here.get("/api/v1/attempts?search=" + std::string(257, 'x')).status == 400);
}

TEST_CASE("a search that takes too long is given up, and the next one answered", "[api]") {
    line here{[](settings& wanted) {
        line_story story{wanted.ledger_file, "station-1"};
        story.at("2026-11-24T08:00:00Z");
        fleetline::test::tell_many(story, 6000, 4, 7);
        wanted.limit.search_patience = milliseconds{0};
    }};
    const auto refused = here.get("/api/v1/attempts?search=nowhere");
    CHECK(refused.status == 503);
    CHECK(refused.code() == "station-request-too-many");
    CHECK(here.get("/api/v1/attempts?limit=1").json()["attempts"].size() == 1);
    CHECK(here.get("/api/v1/stats").status == 200);
}

TEST_CASE("questions that make no sense are refused, not guessed at", "[api]") {
    line here{tell};
    for (const auto* query :
         {"limit=-1", "limit=many", "limit=99999999", "since=yesterday", "outcome=good", "colour=red"}) {
        const auto refused = here.get(std::string{"/api/v1/attempts?"} + query);
        CHECK(refused.status == 400);
        CHECK(refused.code() == "station-request-invalid");
    }
    CHECK(here.get("/api/v1/stats?by=moon").status == 400);
    CHECK(here.get("/api/v1/report?format=doc").status == 400);
}

TEST_CASE("one attempt comes with its events, its certificate and its transcript", "[api]") {
    line here{tell};
    const auto list = here.get("/api/v1/attempts?serial=SN1&outcome=passed").json()["attempts"];
    const std::string id = list[0]["attempt_id"];

    const auto whole = here.get("/api/v1/attempts/" + id).json();

    CHECK(whole["attempt"]["serial"] == "SN1");
    CHECK(whole["certificate"]["state"] == "current");
    CHECK(whole["events"].size() > 5);
    CHECK(whole["events"][0]["kind"] == "attempt-started");
    CHECK(whole["events"][0]["payload"].is_object());
    CHECK(here.get("/api/v1/attempts/" + id + "/transcript").status == 200);
    CHECK(here.get("/api/v1/attempts/nothing").code() == "station-request-not-found");
    CHECK(here.get("/api/v1/attempts/nothing/transcript").status == 404);
}

TEST_CASE("devices and orders are told as the ledger has them", "[api]") {
    line here{tell};
    const auto devices = here.get("/api/v1/devices").json()["devices"];
    CHECK(devices.size() == 2);
    const auto orders = here.get("/api/v1/orders").json()["orders"];
    REQUIRE(orders.size() == 1);
    CHECK(orders[0]["order"] == "WO-17");
    CHECK(orders[0]["passed"] == 2);
    CHECK(orders[0]["open"] == true);
}

TEST_CASE("statistics: first-pass, final and attempt yield are what their names say", "[api]") {
    line here{tell};

    const auto all = here.get("/api/v1/stats?by=slot").json();

    const auto& total = all["total"];
    CHECK(total["attempts"] == 3);  // and one that was refused
    CHECK(total["refused"] == 1);
    CHECK(total["first_pass_yield"] == 0.5);  // SN1 failed first, SN2 passed; the refusal is no verdict
    CHECK(total["final_yield"] == 1.0);
    CHECK(total["attempt_yield"].get<double>() == Approx(2.0 / 3.0));
    CHECK(total["units_passed"] == 2);
    CHECK(total["cycle_ms_p95"].get<double>() == Approx(12'400).epsilon(0.05));
    REQUIRE(all["groups"].size() == 2);
    CHECK(all["groups"][0]["slot"] == "A1");
    CHECK(all["groups"][0]["first_pass_yield"] == 0.0);
    CHECK(all["groups"][1]["first_pass_yield"] == 1.0);
    CHECK(all["failures"][0]["count"] == 1);
    CHECK_FALSE(all["steps"].empty());
}

TEST_CASE("a board that was judged before the time has no first attempt in it", "[api]") {
    line here{tell};
    const auto later = here.get("/api/v1/stats?since=2026-11-24T08%3A00%3A30Z").json()["total"];

    CHECK(later["passed"] == 2);
    CHECK(later["first_pass_yield"] == 1.0);  // of SN2 alone: SN1's first attempt was earlier
}

TEST_CASE("hours of statistics begin with the hour", "[api]") {
    line here{tell};
    const auto groups = here.get("/api/v1/stats?by=hour").json()["groups"];

    REQUIRE(groups.size() == 1);
    CHECK(groups[0]["from"] == "2026-11-24T08:00:00.000Z");
}

TEST_CASE("the report is streamed whole, as csv and as jsonl", "[api]") {
    line here{[](settings& wanted) {
        line_story story{wanted.ledger_file, "station-1"};
        story.at("2026-11-24T08:00:00Z");
        fleetline::test::tell_many(story, 1500, 4, 7);
    }};

    const auto csv = here.get("/api/v1/report?format=csv");
    CHECK(csv.status == 200);
    CHECK(csv.has("Transfer-Encoding: chunked"));
    CHECK(csv.body.starts_with("attempt_id,station,slot,serial"));
    const auto lines = std::count(csv.body.begin(), csv.body.end(), '\n');
    CHECK(lines > 1500);
    const auto jsonl = here.get("/api/v1/report?format=jsonl").body;
    CHECK(std::count(jsonl.begin(), jsonl.end(), '\n') == lines - 1);
    const auto none = here.get("/api/v1/report?format=csv&limit=0").body;
    CHECK(std::count(none.begin(), none.end(), '\n') == 1);
    // HTTP/1.0 knows no chunks: the connection's end is the report's.
    const auto old = here.ask("GET /api/v1/report HTTP/1.0\r\nHost: x\r\n\r\n");
    CHECK(old.body == csv.body);
}

TEST_CASE("each report has the chain's head signed, and goes out also when it cannot be", "[api]") {
    const std::string format = GENERATE("csv", "jsonl", "xlsx", "pdf");
    std::atomic<int> heads = 0;
    std::atomic<bool> works = true;
    line here{tell, [&heads, &works](providers& station) {
                  station.sign_head = [&heads, &works]() -> boost::asio::awaitable<void> {
                      ++heads;
                      if (!works) throw failure("station-ledger-unwritable", "Signing", "", "no room");
                      co_return;
                  };
              }};
    const auto first = here.get("/api/v1/report?format=" + format);
    CHECK(first.status == 200);
    CHECK(heads == 1);
    works = false;

    CHECK(here.get("/api/v1/report?format=" + format).status == 200);

    CHECK(heads == 2);
    CHECK(here.get("/api/v1/report?format=doc").status == 400);
    CHECK(heads == 2);
}

TEST_CASE("the report is a workbook that opens and a pdf that has pages", "[api]") {
    line here{[](settings& wanted) {
        line_story story{wanted.ledger_file, "station-1"};
        story.at("2026-11-24T08:00:00Z");
        fleetline::test::tell_many(story, 300, 4, 7);
    }};

    const auto xlsx = here.get("/api/v1/report?format=xlsx");
    CHECK(xlsx.status == 200);
    CHECK(xlsx.has("spreadsheetml"));
    CHECK(xlsx.has("fleetline-report.xlsx"));
    const auto book = here.home.path() / "report.xlsx";
    std::ofstream{book, std::ios::binary} << xlsx.body;
    const auto lines = here.get("/api/v1/report?format=jsonl").body;
    const auto rows = std::count(lines.begin(), lines.end(), '\n') + 1;  // and the heading
    const auto read = fleetline::test::shell(
        "python3 -c 'import sys,zipfile; b=zipfile.ZipFile(sys.argv[1]); assert b.testzip() is None; "
        "print(b.read(\"xl/worksheets/sheet2.xml\").decode().count(\"<row \"))' " +
        book.string() + " 2>&1");
    CHECK(read.text == std::to_string(rows) + '\n');

    const auto pdf = here.get("/api/v1/report?format=pdf");
    CHECK(pdf.status == 200);
    CHECK(pdf.has("Content-Type: application/pdf"));
    CHECK(pdf.body.starts_with("%PDF-"));
    CHECK(pdf.body.find("%%EOF") != std::string::npos);
    std::size_t pages = 0;
    for (std::size_t at = 0; (at = pdf.body.find("/Type /Page %", at)) != std::string::npos; ++at) ++pages;
    CHECK(pages > 2);

    // The places of those that are through are free again, and the ledger's next moment is seen.
    for (int i = 0; i < 4; ++i) CHECK(here.get("/api/v1/report?format=pdf&limit=1").status == 200);
}

TEST_CASE("clients that leave a report half-way take no place with them", "[api]") {
    line here{[](settings& wanted) {
        line_story story{wanted.ledger_file, "station-1"};
        story.at("2026-11-24T08:00:00Z");
        fleetline::test::tell_many(story, 1500, 4, 7);
    }};
    for (int i = 0; i < 5; ++i) {
        client leaving{here.wanted.socket};
        leaving.send("GET /api/v1/report HTTP/1.1\r\nHost: x\r\n\r\n");
        leaving.receive_until("\r\n\r\n");
    }
    int status = 503;
    while (status == 503) status = here.get("/api/v1/report").status;
    CHECK(status == 200);
}

TEST_CASE("a report that nobody waits for is not written to its end", "[api]") {
    line here{[](settings& wanted) {
        line_story story{wanted.ledger_file, "station-1"};
        story.at("2026-11-24T08:00:00Z");
        fleetline::test::tell_many(story, 300, 4, 7);
    }};
    const auto format = GENERATE(as<std::string>{}, "xlsx", "pdf");
    const std::string ask = "GET /api/v1/report?format=" + format + " HTTP/1.1\r\nHost: x\r\n\r\n";
    // The client has gone before the server sees its request.
    std::promise<void> held, go_on;
    auto pause = std::async(std::launch::async, [&] {
        here.on_thread([&] {
            held.set_value();
            go_on.get_future().wait();
        });
    });
    held.get_future().wait();
    client leaving{here.wanted.socket};
    leaving.send(ask);
    REQUIRE(::shutdown(leaving.number(), SHUT_WR) == 0);
    go_on.set_value();
    pause.get();

    const auto told = api::test::parse(leaving.receive_all());
    CHECK(told.status == 408);
    CHECK(told.code() == "station-request-timeout");
    CHECK(here.get("/api/v1/report?format=" + format).status == 200);
}

TEST_CASE("a missing ledger is a problem of its own, and the line's state is told all the same", "[api]") {
    line here;
    const auto refused = here.get("/api/v1/attempts");

    CHECK(refused.status >= 500);
    CHECK(refused.code().starts_with("station-ledger"));
    CHECK(here.get("/api/v1/status").status == 200);
}

namespace {

/// What actions the station was asked for, in words.
struct doings {
    std::vector<std::string> said;
    std::vector<std::size_t> unfit;
    std::string signed_on;

    std::function<void(providers&)> providers_of() {
        return [this](providers& to) {
            to.scan = [this](serial_number serial, slot_name slot,
                             caller by) -> boost::asio::awaitable<slot_name> {
                said.push_back("scan " + serial.text() + " " + slot.text() + " " +
                               std::string{to_text(by.is)});
                if (serial.text() == signed_on) co_return slot_name{};
                co_return slot_name{"A2"};
            };
            to.retry = [this](slot_name slot, caller) -> boost::asio::awaitable<void> {
                said.push_back("retry " + slot.text());
                if (slot.text() == "B9")
                    throw failure("station-slot-unknown", "Trying again", "slot B9", "no such slot");
                co_return;
            };
            to.rework = [this](serial_number serial, std::string why,
                               caller by) -> boost::asio::awaitable<void> {
                said.push_back("rework " + serial.text() + " " + why + " " +
                               (by.name.starts_with('#') ? "?" : "named"));
                co_return;
            };
            to.open_order = [this](order_opening wanted, caller) -> boost::asio::awaitable<void> {
                said.push_back("open " + wanted.order.text() + " " + std::to_string(wanted.quota));
                co_return;
            };
            to.import_serials = [this](order_name order, std::vector<serial_number> serials, sent_list from,
                                       caller) -> boost::asio::awaitable<void> {
                said.push_back("import " + order.text() + " " + std::to_string(serials.size()) + " " +
                               serials.back().text() + " of " + std::to_string(from.lines));
                if (!unfit.empty()) throw unfit_serials("order WO-1", unfit);
                co_return;
            };
        };
    }
};

}  // namespace

TEST_CASE("actions reach the station, with the name of who asked", "[api]") {
    doings done;
    line here{{}, done.providers_of()};

    CHECK(here.post("/api/v1/scan", R"({"serial":"SN1","slot":"A1"})").json()["slot"] == "A2");
    CHECK(here.post("/api/v1/slots/A%201/retry", "").status == 200);
    CHECK(here.post("/api/v1/rework", R"({"serial":"SN1","reason":"new antenna"})").status == 200);
    CHECK(here.post("/api/v1/orders", R"({"order":"WO-1","product":"sensor","quota":5})").status == 201);
    const auto imported =
        here.post("/api/v1/orders/WO-1/serials", "serial\r\nSN1\r\nSN2\r\n", {}, "text/csv").json();
    CHECK(imported["serials"] == 2);
    CHECK(imported["lines"] == 3);
    CHECK(here.post("/api/v1/orders/WO-1/serials", "SN1\nSN2", {}, "text/csv").json()["lines"] == 2);

    const std::vector<std::string> expected{"scan SN1 A1 engineer",         "retry A 1",
                                            "rework SN1 new antenna named", "open WO-1 5",
                                            "import WO-1 2 SN2 of 3",       "import WO-1 2 SN2 of 2"};
    CHECK(done.said == expected);
}

TEST_CASE("a reason or a serial number of blanks alone is refused in words", "[api]") {
    doings done;
    line here{{}, done.providers_of()};
    for (const auto* body :
         {R"({"serial":"SN1","reason":"   "})", R"({"serial":"SN1","reason":"\u3000 \u00a0"})",
          R"({"serial":" ","reason":"new antenna"})", R"({"serial":"SN1"})"}) {
        const auto refused = here.post("/api/v1/rework", body);
        INFO(body);
        CHECK(refused.status == 400);
        CHECK(refused.code() == "station-request-invalid");
        CHECK(refused.json()["detail"].get<std::string>().find("it is ") != std::string::npos);
    }
    CHECK(done.said.empty());
    CHECK(here.post("/api/v1/rework", R"({"serial":"SN1","reason":"\u3000x"})").status == 200);
}

TEST_CASE("a badge that was scanned is answered with who works here now", "[api]") {
    doings done;
    done.signed_on = "OP-17";
    line here{{}, done.providers_of()};
    here.change([](station::station_status& now) { now.operator_name = "OP-17"; });
    const auto badge = here.post("/api/v1/scan", R"({"serial":"OP-17"})").json();
    CHECK(badge["operator"] == "OP-17");
    CHECK(badge["slot"] == "");
    CHECK_FALSE(here.post("/api/v1/scan", R"({"serial":"SN1"})").json().contains("operator"));
}

TEST_CASE("every line of a list that is no serial number of the product is told, with its number", "[api]") {
    doings done;
    done.unfit = {1, 2};
    line here{{}, done.providers_of()};
    const auto refused =
        here.post("/api/v1/orders/WO-1/serials", "Serial Number\nSN1\n\ntoaster\nkettle\n", {}, "text/csv");
    CHECK(refused.status == 400);
    CHECK(refused.code() == "station-request-invalid");
    CHECK(refused.json()["error_count"] == 2);
    const auto errors = refused.json()["errors"];
    REQUIRE(errors.size() == 2);
    CHECK(errors[0]["line"] == 4);
    CHECK(errors[0]["text"] == "'toaster' is no serial number of the order's product");
    CHECK(errors[1]["line"] == 5);

    done.unfit.clear();
    for (const auto* heading : {"serial", "Serial", "SERIAL_NUMBER", "serial number", "\"Serial No.\""})
        CHECK(here.post("/api/v1/orders/WO-1/serials", std::string{heading} + "\nSN1\n", {}, "text/csv")
                  .json()["serials"] == 1);
    CHECK(here.post("/api/v1/orders/WO-1/serials", "serial1\nSN1\n", {}, "text/csv").json()["serials"] == 2);
}

TEST_CASE("an action the station refuses comes back with its code", "[api]") {
    doings done;
    line here{{}, done.providers_of()};

    const auto refused = here.post("/api/v1/slots/B9/retry", "{}");
    CHECK(refused.status == 404);
    CHECK(refused.code() == "station-slot-unknown");
    CHECK(here.post("/api/v1/orders/WO/close", "{}").status == 501);  // not offered by this station
}

TEST_CASE("an action that is not understood is not done", "[api]") {
    doings done;
    line here{{}, done.providers_of()};
    for (const auto* body :
         {"", "{", "[]", "null", R"({"serial":5})", R"({"serial":""})", R"({"serial":"SN\u0000"})",
          R"({"serial":"SN1","colour":"red"})", R"({"slot":"A1"})", "{\"serial\":\"\xff\"}"})
        CHECK(here.post("/api/v1/scan", body).code() == "station-request-invalid");
    CHECK(here.post("/api/v1/orders", R"({"order":"WO","quota":-1})").status == 400);
    CHECK(here.post("/api/v1/orders", R"({"order":"WO","quota":1.5})").status == 400);
    CHECK(here.post("/api/v1/scan", std::string(60'000, '[')).status == 400);

    CHECK(done.said.empty());
}

TEST_CASE("an imported list is taken whole or not at all, and every bad line is told", "[api]") {
    doings done;
    line here{{}, done.providers_of()};

    const auto refused = here.post("/api/v1/orders/WO/serials", "SN1\nSN 2\nSN3\nSN1\n", {}, "text/csv");

    CHECK(refused.status == 400);
    CHECK(refused.json()["error_count"] == 2);
    CHECK(refused.json()["errors"][0]["line"] == 2);
    CHECK(refused.json()["errors"][1]["line"] == 4);
    CHECK(done.said.empty());
    CHECK(
        here.post("/api/v1/orders/WO/serials", "{\"serial\":\"SN1\"}\n\"SN2\"\n", {}, "application/x-ndjson")
            .status == 200);
    CHECK(here.post("/api/v1/orders/WO/serials", R"(["SN1","SN2"])").status == 200);
    CHECK(here.post("/api/v1/orders/WO/serials", "", {}, "text/csv").status == 400);
    std::string many;
    for (int i = 0; i < 100'000; ++i) many += "SN" + std::to_string(i) + "\n";
    CHECK(here.post("/api/v1/orders/WO/serials", many, {}, "text/csv").json()["serials"] == 100'000);
}
