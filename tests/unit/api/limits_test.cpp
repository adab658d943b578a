// SPDX-License-Identifier: Apache-2.0
// What a client can do wrong, by mistake or on purpose, and what it does not do to the daemon.
#include <sys/resource.h>
#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <memory>
#include <random>
#include <vector>

#include "unit/api/api_line.hpp"

using namespace fleetline;
using namespace fleetline::api;
using api::test::client;
using api::test::line;

namespace {

/// As many as the system lets this process have.
std::size_t open_files_allowed() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

std::int64_t resident_bytes() {
    std::ifstream from{"/proc/self/statm"};
    std::int64_t all = 0;
    std::int64_t resident = 0;
    from >> all >> resident;
    return resident * ::sysconf(_SC_PAGESIZE);
}

const std::string health = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

}  // namespace

TEST_CASE("a header that comes drop by drop is given up after its time, others are served meanwhile",
          "[api]") {
    line here{[](settings& wanted) { wanted.limit.header_patience = milliseconds{300}; }};
    client slow{here.wanted.socket};
    slow.send("GET /healthz HTTP/1.1\r\nX-Slow: ");

    CHECK(here.get("/healthz").status == 200);
    const auto before = std::chrono::steady_clock::now();
    CHECK(slow.receive_all().empty());
    CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds{5});
}

TEST_CASE("a body that comes drop by drop is given up after its time", "[api]") {
    line here{[](settings& wanted) { wanted.limit.body_patience = milliseconds{200}; }};
    client slow{here.wanted.socket};
    slow.send(
        "POST /api/v1/scan HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "
        "50\r\n\r\n{");

    slow.receive_all();

    CHECK(here.get("/healthz").status == 200);
}

TEST_CASE("an idle connection is closed after its time", "[api]") {
    line here{[](settings& wanted) { wanted.limit.idle_patience = milliseconds{100}; }};
    client idle{here.wanted.socket};

    CHECK(idle.receive_all().empty());
}

TEST_CASE("a header longer than 8 KiB is refused with a problem document", "[api]") {
    line here;
    const auto refused = here.get("/healthz", "X-Long: " + std::string(9000, 'a') + "\r\n");

    CHECK(refused.status == 431);
    CHECK(refused.code() == "station-request-header-too-large");
    CHECK(here.get("/healthz", "X-Long: " + std::string(7000, 'a') + "\r\n").status == 200);
}

TEST_CASE("a body longer than its route takes is refused before it is read", "[api]") {
    line here;
    const auto announced = here.ask(
        "POST /api/v1/scan HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "
        "70000\r\n\r\n");
    CHECK(announced.status == 413);
    CHECK(announced.code() == "station-request-too-large");

    const std::string chunk = "8000\r\n" + std::string(0x8000, 'x') + "\r\n";
    const auto chunked = here.ask(
        "POST /api/v1/scan HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: "
        "chunked\r\n\r\n" +
        chunk + chunk + chunk);
    CHECK(chunked.status == 413);

    const auto huge = here.ask(
        "POST /api/v1/orders/WO/serials HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nContent-Length: "
        "99999999999\r\n\r\n");
    CHECK(huge.status == 413);
}

TEST_CASE("a GET that brings a body is refused: no route reads it", "[api]") {
    line here;
    CHECK(here.ask("GET /api/v1/status HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: "
                   "5\r\n\r\nhello")
              .status == 413);
}

TEST_CASE("what is not HTTP gets a problem document and the connection's end", "[api]") {
    line here;
    for (const std::string& bytes :
         {std::string{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15}, std::string{"GET\r\n\r\n"},
          std::string{"GET / HTTP/3.7\r\n\r\n"}, std::string{"GET /healthz HTTP/1.1\r\nHost : x\r\n\r\n"}}) {
        const auto refused = here.ask(bytes);
        CHECK(refused.status == 400);
        CHECK(refused.code() == "station-request-invalid");
    }
}

TEST_CASE("targets that are no paths of this server are refused", "[api]") {
    line here;
    for (const auto* target : {"http://elsewhere/healthz", "*", "/%zz", "/%00", "/healthz?%ff=1", "/a%0ab",
                               "/healthz?a=1&a=2", "/%c0%ae%c0%ae/etc/passwd"})
        CHECK(here.get(target).code() == "station-request-invalid");
}

TEST_CASE("an unknown address and an unknown method are told apart", "[api]") {
    line here;
    CHECK(here.get("/api/v1/nothing").status == 404);
    const auto wrong = here.ask("DELETE /api/v1/orders HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    CHECK(wrong.status == 405);
    CHECK(wrong.has("Allow: GET, HEAD, POST\r\n"));
    CHECK(here.ask("OPTIONS /api/v1/scan HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").status == 405);
}

TEST_CASE("a problem says what happened, what to do and its code, as RFC 9457 has it", "[api]") {
    line here;
    const auto refused = here.get("/api/v1/nothing");

    CHECK(refused.has("Content-Type: application/problem+json\r\n"));
    const auto problem = refused.json();
    CHECK(problem["type"] == "urn:fleetline:failure:station-request-not-found");
    CHECK(problem["status"] == 404);
    CHECK(problem["code"] == "station-request-not-found");
    CHECK_FALSE(problem["title"].get<std::string>().empty());
    CHECK_FALSE(problem["next_action"].get<std::string>().empty());
}

TEST_CASE("every answer forbids sniffing, framing and scripts from elsewhere", "[api]") {
    line here;
    for (const auto* path : {"/api/v1/status", "/api/v1/nothing", "/"}) {
        const auto answer = here.get(path);
        CHECK(answer.has("X-Content-Type-Options: nosniff\r\n"));
        CHECK(answer.has("Content-Security-Policy: default-src 'none';"));
        CHECK(answer.has("frame-ancestors 'none'"));
        CHECK(answer.has("Cross-Origin-Resource-Policy: same-origin\r\n"));
        CHECK_FALSE(answer.has("Access-Control-Allow-Origin"));
    }
}

TEST_CASE("ten thousand connections at once are bounded, and the line goes on", "[api]") {
    const std::size_t aimed = 10'000;
    const std::size_t possible = open_files_allowed();
    if (possible < aimed + 500) WARN("only " << possible << " open files are allowed here");
    const std::size_t count = std::min(aimed, possible - 500);
    line here{[](settings& wanted) {
        wanted.limit.connections = 50;
        wanted.listen = "127.0.0.1:0";
    }};
    std::vector<std::unique_ptr<client>> held;
    for (int i = 0; i < 50; ++i) held.push_back(std::make_unique<client>(here.port()));
    // The last one that is let in answers: from here on the server is full.
    held.back()->send("GET /healthz HTTP/1.1\r\nHost: localhost:" + std::to_string(here.port()) + "\r\n\r\n");
    CHECK(held.back()->receive().starts_with("HTTP/1.1 200"));

    // They stay connected on their side; of each the server keeps nothing.
    const auto before = resident_bytes();
    std::vector<std::unique_ptr<client>> crowd;
    std::size_t refused = 0;
    for (std::size_t i = 0; i < count; ++i) {
        crowd.push_back(std::make_unique<client>(here.port()));
        if (crowd.back()->receive_all().starts_with("HTTP/1.1 503")) ++refused;
        // The station's own thread has other things to do.
        if (i % 1000 == 0) CHECK(here.get("/api/v1/status").status == 200);
    }

    CHECK(refused == count);
#if !defined(__SANITIZE_ADDRESS__)  // it keeps what was freed
    CHECK(resident_bytes() < before + std::int64_t{8} * 1024 * 1024);
#else
    CHECK(before > 0);
#endif
    // The other socket has places of its own.
    CHECK_THAT(here.get("/metrics").body,
               Catch::Contains("fleetline_http_connections_refused_total " + std::to_string(count) + "\n"));
    crowd.clear();
    held.pop_back();
    // One left: its place is free as soon as the server has noticed.
    for (bool served = false; !served;) {
        client one{here.port()};
        served = one.send("GET /healthz HTTP/1.1\r\nHost: localhost:" + std::to_string(here.port()) +
                          "\r\nConnection: close\r\n\r\n") &&
                 one.receive_all().starts_with("HTTP/1.1 200");
    }
}

TEST_CASE("a stop breaks off whoever holds a connection", "[api]") {
    line here;
    client idle{here.wanted.socket};
    client half{here.wanted.socket};
    half.send("GET /hea");
    here.get("/healthz");

    here.stop();

    CHECK(idle.receive_all().empty());
    CHECK(half.receive_all().empty());
}

TEST_CASE("a client that announces a long body is asked for it only where one is taken", "[api]") {
    line here{{}, [](providers& station) {
                  station.scan = [](serial_number, slot_name, caller) -> boost::asio::awaitable<slot_name> {
                      co_return slot_name{"A1"};
                  };
              }};
    client one{here.wanted.socket};
    one.send(
        "POST /api/v1/scan HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 16\r\n"
        "Connection: close\r\nExpect: 100-continue\r\n\r\n");
    CHECK(one.receive_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
    one.send(R"({"serial":"SN1"})");

    CHECK(one.receive_until("\r\n").starts_with("HTTP/1.1 200"));
}

TEST_CASE("whatever bytes come, the server answers the next one", "[api]") {
    line here;
    const std::vector<std::string> seeds{
        "GET /api/v1/attempts?limit=5&since=2026-11-24T08:00:00Z HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /api/v1/scan HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "
        "16\r\n\r\n"
        "{\"serial\":\"SN1\"}",
        "POST /api/v1/orders/WO/serials HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nTransfer-Encoding: "
        "chunked\r\n\r\n4\r\nSN1\n\r\n0\r\n\r\n",
        "GET /api/v1/live?since=a-1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        "\x81\x85\x01\x02\x03\x04hello\x88\x80\x01\x02\x03\x04",
    };
    std::mt19937 random{20261124};  // the same bytes each time
    for (int i = 0; i < 1000; ++i) {
        std::string bytes = seeds[random() % seeds.size()];
        for (auto changes = random() % 8; changes > 0; --changes) {
            const auto at = random() % bytes.size();
            if (random() % 3 == 0)
                bytes.erase(at, 1 + random() % 8);
            else if (random() % 3 == 0)
                bytes.insert(at, bytes, random() % bytes.size(), random() % 16);
            else
                bytes[at] = static_cast<char>(random());
            if (bytes.empty()) bytes = "x";
        }
        client one{here.wanted.socket};
        one.send(bytes);
        ::shutdown(one.number(), SHUT_WR);
        one.receive_all();
    }

    CHECK(here.get("/healthz").status == 200);
}
