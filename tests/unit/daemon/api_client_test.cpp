// SPDX-License-Identifier: Apache-2.0
// The real program against a daemon that says one thing.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstring>
#include <thread>

#include "station_directory.hpp"
#include "support/shell.hpp"

using namespace fleetline::test;

namespace {

/// Listens where the daemon would, takes one request and answers with the given bytes.
class one_answer {
  public:
    one_answer(const std::filesystem::path& socket, std::string answer) {
        listening_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, socket.c_str(), sizeof address.sun_path - 1);
        REQUIRE(::bind(listening_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
        REQUIRE(::listen(listening_, 1) == 0);
        thread_ = std::thread([this, answer = std::move(answer)] { serve(answer); });
    }
    one_answer(const one_answer&) = delete;
    one_answer& operator=(const one_answer&) = delete;
    ~one_answer() {
        ::shutdown(listening_, SHUT_RDWR);
        thread_.join();
        ::close(listening_);
    }

    std::string request() {
        ::shutdown(listening_, SHUT_RDWR);
        if (thread_.joinable()) thread_.join();
        thread_ = std::thread([] {});
        return request_;
    }

  private:
    void serve(const std::string& answer) {
        const int peer = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
        if (peer < 0) return;
        std::array<char, 65536> piece{};
        const auto got = ::recv(peer, piece.data(), piece.size(), 0);
        if (got > 0) request_.assign(piece.data(), static_cast<std::size_t>(got));
        ::send(peer, answer.data(), answer.size(), MSG_NOSIGNAL);
        ::close(peer);
    }

    int listening_ = -1;
    std::string request_;
    std::thread thread_;
};

said ask(const station_directory& station, const std::string& arguments) {
    return shell(FLEETLINE_BIN_DIR "/fleetline --config " + station.config() + ' ' + arguments + " 2>&1");
}

std::string http(int status, const std::string& body) {
    return "HTTP/1.1 " + std::to_string(status) + " x\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}

constexpr const char* running =
    R"({"station":"line-3","version":"0.1.0","started_at":"2026-11-24T05:58:00.000Z",
"stopping":false,"cloud":{"connected":false,"since":"2026-11-24T08:00:00.000Z","trouble_code":"cloud-unreachable",
"trouble":"connection refused","in_flight":2,"queued":3},"ledger_writable":false,"ledger_trouble":"disk full",
"orders":[{"order":"WO-17","product":"sensor","quota":500,"passed":41}],"outcomes":{"passed":41,"failed":2},
"failure_codes":{},"slots":[{"slot":"A1","state":"working","step":"deliver","serial":"SN1","since":"2026-11-24T08:00:00.000Z"},
{"slot":"A2","state":"failed","failure_code":"device-no-answer","serial":"\u001b[2J","since":""},
{"slot":"A3","state":"waiting-for-cloud"},{"slot":"A4","state":"empty"},17]})";

}  // namespace

TEST_CASE("the running daemon's state is shown", "[daemon]") {
    const station_directory station;
    one_answer daemon{station.path / "api.sock", http(200, running)};

    const auto status = ask(station, "status");

    INFO(status.text);
    CHECK(status.status == 0);
    for (const auto* wanted :
         {"running", "not connected", "connection refused", "Check the network cable", "41 of 500",
          "disk full", "working: deliver", "FAILED", "waiting for cloud", "\\x1b[2J"})
        CHECK(status.text.find(wanted) != std::string::npos);
    CHECK(daemon.request().find("GET /api/v1/status HTTP/1.1\r\n") == 0);
}

TEST_CASE("a chunked answer is put together", "[daemon]") {
    const station_directory station;
    one_answer daemon{
        station.path / "api.sock",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
        "chunked\r\n\r\n14\r\n{\"station\":\"line-3\",\r\n9\r\n\"slots\":[\r\n2\r\n]}\r\n0\r\n\r\n"};
    const auto status = ask(station, "--json status");
    INFO(status.text);
    CHECK(status.status == 0);
    CHECK(status.text.find("\"slots\": []") != std::string::npos);
}

TEST_CASE("a refusal is told in the daemon's words", "[daemon]") {
    const station_directory station;
    one_answer daemon{
        station.path / "api.sock",
        http(409,
             R"({"title":"This board has passed already.","detail":"in slot A1","code":"already-provisioned",
                      "next_action":"Put it with the finished boards."})")};

    const auto scan = ask(station, "scan SN1 --slot A1");

    CHECK(scan.status == 1);
    CHECK(scan.text ==
          "fleetline: This board has passed already. in slot A1 [already-provisioned]\nPut it with the "
          "finished boards.\n");
    CHECK(daemon.request().find("{\"serial\":\"SN1\",\"slot\":\"A1\"}") != std::string::npos);
}

TEST_CASE("what the daemon does not permit is 4", "[daemon]") {
    const station_directory station;
    one_answer daemon{station.path / "api.sock", http(403, R"({"title":"Not for this account."})")};
    CHECK(ask(station, "order close 'WO 17/2'").status == 4);
    CHECK(daemon.request().find("POST /api/v1/orders/WO%2017%2F2/close ") == 0);
}

TEST_CASE("a daemon that answers nonsense is 3", "[daemon]") {
    for (const auto* nonsense : {"", "SSH-2.0\r\n", "HTTP/1.1 200 OK\r\n",
                                 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n",
                                 "HTTP/1.1 200 OK\r\n\r\n[1]", "HTTP/1.1 500 Oops\r\n\r\n{}"}) {
        const station_directory station;
        one_answer daemon{station.path / "api.sock", nonsense};
        const auto status = ask(station, "status");
        INFO(nonsense << " -> " << status.text);
        CHECK(status.status == 3);
    }
}
