// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <chrono>
#include <string>

#include "bench.hpp"

using namespace std::chrono_literals;

namespace {

double seconds_since(bench::clock::time_point start) {
    return std::chrono::duration<double>(bench::clock::now() - start).count();
}

}  // namespace

TEST_CASE("an answer comes at the baud rate, 10 bits a byte") {
    const auto baud = GENERATE(57600, 115200, 460800);
    CAPTURE(baud);
    bench::boards boards({"--count", "1", "--baud", std::to_string(baud)});
    bench::host host(boards.usb());
    boards.event("booted");
    host.until_quiet();
    // The best of several: this machine may be busy, the board never faster than its port.
    double best = 1e9;
    double floor = 0;
    for (int i = 0; i < 5; ++i) {
        const auto start = bench::clock::now();
        host.send("help\r\n");
        const auto bytes = host.expect("Cause a failed assertion.\r\n\n> ").size() + 5;
        const auto took = seconds_since(start);
        floor = static_cast<double>(bytes) * 10 / baud;
        CHECK(took >= floor * 0.999);
        best = std::min(best, took);
    }
    CHECK(best <= floor * 1.05 + 0.010);
}

TEST_CASE("input comes at the baud rate too") {
    bench::boards boards({"--count", "1", "--baud", "9600"});
    bench::host host(boards.usb());
    boards.event("booted");
    host.until_quiet();
    const std::string line(100, 'x');
    const auto start = bench::clock::now();
    host.send(line + "\r\n");
    host.expect(line);
    CHECK(seconds_since(start) >= 2 * 100 * 10 / 9600.0);
}

TEST_CASE("what arrives while the board is busy must fit 512 bytes; the rest is lost, and logged") {
    bench::boards boards({"--count", "1", "--keygen-ms", "400"});
    bench::host host(boards.usb());
    boards.event("booted");
    host.until_quiet();
    host.send("pki generate key\r\n");
    boards.event("command");
    std::string lines;
    for (int i = 0; i < 100; ++i) lines += "uptime..\r\n";
    host.send(lines);  // 1000 bytes, 87 ms
    CHECK(boards.event("rx-overrun")["bytes"].get<long>() > 0);
    auto seen = host.expect("-----END PUBLIC KEY-----\r\n> ");
    CHECK(seen.find("[uartRx    ] Dropped ") != std::string::npos);
    seen = host.until_quiet(300ms);
    std::size_t answered = 0;
    for (std::size_t at = 0; (at = seen.find("Command not recognized", at)) != std::string::npos; ++at)
        ++answered;
    // At most 512 bytes of lines of 10 got through, each answered.
    CHECK(answered >= 45);
    CHECK(answered <= 60);
}

TEST_CASE("lines sent one by one lose nothing however slow the flash is") {
    bench::boards boards({"--count", "1", "--flash-erase-ms", "120"});
    bench::host host(boards.usb());
    boards.event("booted");
    host.until_quiet();
    for (int i = 0; i < 3; ++i) CHECK(host.command("conf commit") == "Configuration saved to NVM.\r\n");
    for (const auto& event : boards.all()) CHECK(event["event"] != "rx-overrun");
}

TEST_CASE("sixteen talkative boards at 115200 baud need a fraction of one core") {
    bench::boards boards({"--count", "16", "--chatter", "20"});
    std::vector<std::unique_ptr<bench::host>> hosts;
    for (int i = 1; i <= 16; ++i) {
        const auto number = std::to_string(i);
        hosts.push_back(
            std::make_unique<bench::host>(boards.usb("port" + std::string(2 - number.size(), '0') + number)));
    }
    const auto start = bench::clock::now();
    const auto before = boards.cpu_seconds();
    std::size_t bytes = 0;
    while (seconds_since(start) < 2.0)
        for (const auto& host : hosts) bytes += bench::read_some(host->fd(), 1ms).size();
    const auto share = (boards.cpu_seconds() - before) / seconds_since(start);
    CAPTURE(bytes, share);
    CHECK(bytes > std::size_t{16} * 2 * 2000);
    CHECK(share < 0.5);
}
