// SPDX-License-Identifier: Apache-2.0
#include "api/server.hpp"

#include <sys/stat.h>

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <fstream>

#include "core/failure.hpp"
#include "core/logger.hpp"
#include "unit/api/api_line.hpp"

using namespace fleetline;
using namespace fleetline::api;
using api::test::client;
using api::test::line;

TEST_CASE("the status says what the station's snapshot says", "[api]") {
    line here;
    here.change([](station::station_status& now) {
        now.slots[0].state = station::slot_state::failed;
        now.slots[0].serial = serial_number{"SN0001"};
        now.slots[0].at = station::step::register_thing;
        now.slots[0].failure_code = "cloud-denied";
        now.slots[0].duration = milliseconds{1234};
        now.outcomes["failed"] = 1;
    });

    const auto status = here.get("/api/v1/status");

    REQUIRE(status.status == 200);
    CHECK(status.has("Content-Type: application/json\r\n"));
    const auto document = status.json();
    CHECK(document["station"] == "station-1");
    CHECK(document["outcomes"]["failed"] == 1);
    CHECK(document["slots"][0]["state"] == "failed");
    CHECK(document["slots"][0]["step"] == "register");
    CHECK(document["slots"][0]["duration_ms"] == 1234);
    CHECK(document["slots"][1]["duration_ms"].is_null());
    CHECK(here.get("/api/v1/slots").json()["slots"] == document["slots"]);
}

TEST_CASE("text from a board that is not UTF-8 does not keep the status from being told", "[api]") {
    line here;
    here.change([](station::station_status& now) { now.slots[0].failure_reason = "\xff\xfe rest"; });

    CHECK(here.get("/api/v1/status")
              .json()["slots"][0]["failure_reason"]
              .get<std::string>()
              .ends_with(" rest"));
}

TEST_CASE("the socket is for its owner and group, and is gone after the stop", "[api]") {
    line here;
    struct stat there {};
    REQUIRE(::stat(here.wanted.socket.c_str(), &there) == 0);
    CHECK((there.st_mode & 07777U) == 0660);

    here.stop();

    CHECK_FALSE(std::filesystem::exists(here.wanted.socket));
}

TEST_CASE("a socket that a crash left behind is replaced, one that answers is not", "[api]") {
    line first;
    logger quiet{logger::target::nowhere};
    boost::asio::io_context io{1};
    providers station;
    station.snapshot = [] { return station::station_status{}; };
    CHECK_THROWS_AS(server(first.wanted, io.get_executor(), station, quiet), failure);
    CHECK(first.get("/healthz").status == 200);

    const int left = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const auto stale = (first.home.path() / "stale.sock").string();
    std::strncpy(address.sun_path, stale.c_str(), sizeof address.sun_path - 1);
    REQUIRE(::bind(left, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    ::close(left);
    line second{[&](settings& wanted) { wanted.socket = stale; }};
    CHECK(second.get("/healthz").status == 200);
}

TEST_CASE("a file that is no socket is not removed to make place for one", "[api]") {
    api::test::directory home;
    std::ofstream{home.path() / "api.sock"} << "precious";
    settings wanted;
    wanted.socket = home.path() / "api.sock";
    boost::asio::io_context io{1};
    logger quiet{logger::target::nowhere};

    CHECK_THROWS_WITH(server(wanted, io.get_executor(), {}, quiet),
                      Catch::Contains("station-api-socket") && Catch::Contains("not a socket"));
    CHECK(std::filesystem::file_size(home.path() / "api.sock") == 8);
}

TEST_CASE("health is this machine's alone: an unwritable ledger is unwell, an absent cloud is not", "[api]") {
    line here;
    CHECK(here.get("/healthz").status == 200);
    here.change([](station::station_status& now) { now.ledger_writable = false; });

    CHECK(here.get("/healthz").status == 503);
}

TEST_CASE("metrics tell slots, outcomes, the cloud session and how long steps took", "[api]") {
    line here;
    here.change([](station::station_status& now) {
        now.slots[0].state = station::slot_state::working;
        now.outcomes["passed"] = 7;
        now.failure_codes["device-no-answer"] = 2;
        now.cloud.in_flight = 3;
    });
    here.on_thread([&] { here.served().step_took(station::step::csr, milliseconds{300}); });

    const auto text = here.get("/metrics").body;

    CHECK_THAT(text, Catch::Contains("fleetline_slots{state=\"working\"} 1\n"));
    CHECK_THAT(text, Catch::Contains("fleetline_attempts_total{outcome=\"passed\"} 7\n"));
    CHECK_THAT(text, Catch::Contains("fleetline_failures_total{code=\"device-no-answer\"} 2\n"));
    CHECK_THAT(text, Catch::Contains("fleetline_cloud_requests_in_flight 3\n"));
    CHECK_THAT(text,
               Catch::Contains("fleetline_step_duration_seconds_bucket{step=\"csr\",le=\"0.250\"} 0\n"));
    CHECK_THAT(text,
               Catch::Contains("fleetline_step_duration_seconds_bucket{step=\"csr\",le=\"0.500\"} 1\n"));
    CHECK_THAT(text, Catch::Contains("fleetline_step_duration_seconds_sum{step=\"csr\"} 0.300\n"));
}

TEST_CASE("metrics tell what waits for the ledger and for pages", "[api]") {
    line here({}, [](providers& station) { station.ledger = [] { return ledger_backlog{5, 2}; }; });

    const auto text = here.get("/metrics").body;

    for (const auto* told :
         {"fleetline_ledger_queued 5\n", "fleetline_ledger_kept 2\n", "fleetline_http_questions 0\n",
          "fleetline_live_queued 0\n", "fleetline_live_queued_longest 0\n"})
        CHECK_THAT(text, Catch::Contains(told));
    CHECK(line{}.get("/metrics").body.find("fleetline_ledger_queued") == std::string::npos);
}

TEST_CASE("metrics tell what the session with the cloud has seen", "[api]") {
    line here({}, [](providers& station) {
        station.cloud = [] {
            cloud_counters seen;
            seen.connects = 3;
            seen.connects_failed = 2;
            seen.losses = 1;
            seen.requests["$aws/certificates/create-from-csr/json"] = {{"asked", 40}, {"throttled", 5}};
            seen.strays["$aws/certificates/create-from-csr/json"] = {{"late", 6}};
            return seen;
        };
    });

    const auto text = here.get("/metrics").body;

    CHECK_THAT(text, Catch::Contains("fleetline_cloud_connects_total 3\n"));
    CHECK_THAT(text, Catch::Contains("fleetline_cloud_connects_failed_total 2\n"));
    CHECK_THAT(text, Catch::Contains("fleetline_cloud_losses_total 1\n"));
    const std::string topic = "topic=\"$aws/certificates/create-from-csr/json\"";
    CHECK_THAT(text, Catch::Contains("fleetline_cloud_requests_total{" + topic + ",event=\"asked\"} 40\n"));
    CHECK_THAT(text,
               Catch::Contains("fleetline_cloud_requests_total{" + topic + ",event=\"throttled\"} 5\n"));
    CHECK_THAT(text, Catch::Contains("fleetline_cloud_strays_total{" + topic + ",kind=\"late\"} 6\n"));
    CHECK(line{}.get("/metrics").body.find("fleetline_cloud_connects") == std::string::npos);
}

TEST_CASE("one connection serves many requests, and pipelined ones in their order", "[api]") {
    line here;
    client one{here.wanted.socket};
    const std::string get = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

    one.send(get + get + "GET /api/v1/nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    const auto all = one.receive_all();

    const auto first = all.find("HTTP/1.1 200");
    const auto second = all.find("HTTP/1.1 200", first + 1);
    CHECK(second != std::string::npos);
    CHECK(all.find("HTTP/1.1 404") > second);
}

TEST_CASE("HEAD answers as GET does, without the body", "[api]") {
    line here;
    const auto head = here.ask("HEAD /api/v1/status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");

    CHECK(head.status == 200);
    CHECK(head.body.empty());
    CHECK_FALSE(head.has("Content-Length: 0\r\n"));
}
