// SPDX-License-Identifier: Apache-2.0
// What the captures do not show, or show only in passing.
#include <catch2/catch.hpp>
#include <string>

#include "bench.hpp"

using namespace std::chrono_literals;

TEST_CASE("the public key label is followed by a NUL byte") {
    bench::boards boards;
    bench::host host(boards.usb());
    boards.event("booted");
    host.until_quiet();
    const auto answer = host.command("pki generate key");
    CHECK(answer.find(std::string("Public Key Label: tls_key_pub\0\r\n", 32)) != std::string::npos);
}

TEST_CASE("a conf command before the key-value store is ready crashes the board, later it answers") {
    bench::boards boards({"--count", "1", "--fault", "slow-kvstore=400", "--watchdog-ms", "100"});
    bench::host host(boards.usb());
    host.send("conf get\r\n");
    CHECK(boards.event("crash")["where"] == "queue.c:1533");
    host.expect("<ASR>");
    host.expect("IWDGRSTF: Independent Watchdog.");
    boards.event("booted");
    host.until_quiet();
    CHECK(host.command("conf get").find("mqtt_port=8883\r\n") != std::string::npos);
}

TEST_CASE("after a reset the board says so, and what was not committed is gone while the key stays") {
    bench::boards boards;
    bench::host host(boards.usb());
    boards.event("booted");
    host.until_quiet();
    host.command("conf set thing_name kept");
    host.command("conf commit");
    host.command("conf set thing_name lost");
    host.command("pki generate key");
    host.until_quiet();
    const auto key = host.command("pki export key");
    host.send("reset\r\n");
    host.expect(
        "Resetting device.\r\n\r\n<SYS>        0 [None      ] Reset Source: 0x10000000 : SFTRSTF: Software.");
    boards.event("reset");
    boards.event("booted");
    host.until_quiet();
    CHECK(host.command("conf get thing_name") == "thing_name=\"kept\"\r\n");
    CHECK(host.command("pki export key") == key);
    CHECK(boards.flash("thing_name") == "kept");
}

TEST_CASE("a log line redraws the half-typed line at the prompt") {
    bench::boards boards;
    bench::host host(boards.usb());
    boards.event("booted");
    host.until_quiet();
    host.send("conf ge");
    host.expect("conf ge");
    boards.control("log SN000001 hello from the network task");
    const auto seen = host.expect("> conf ge");
    CHECK(seen.substr(0, 9) == "\r\033[K<INF>");
    CHECK(seen.find("[MQTTAgent ] hello from the network task (mqtt_agent_task.c:640)\r\n") !=
          std::string::npos);
    host.send("t thing_name\r\n");
    host.expect("t thing_name\r\nthing_name=\"\"\r\n> ");
}

TEST_CASE("a log line that comes while a command runs has no redraw and stands inside its answer") {
    bench::boards boards({"--count", "1", "--keygen-ms", "150"});
    bench::host host(boards.usb());
    boards.event("booted");
    host.until_quiet();
    host.send("pki generate key\r\n");
    boards.event("command");
    boards.control("log SN000001 in the middle");
    const auto seen = host.expect("-----END PUBLIC KEY-----\r\n> ");
    const auto log = seen.find("[MQTTAgent ] in the middle");
    REQUIRE(log != std::string::npos);
    CHECK(log < seen.find("SUCCESS:"));
    CHECK(seen.find("\033[K") == std::string::npos);
}

TEST_CASE("under a flood of log lines some are cut short and commands are still answered") {
    bench::boards boards({"--count", "1", "--chatter", "1"});
    bench::host host(boards.usb());
    std::string seen;
    // A buffer of 4096 bytes overflows after about 45 lines.
    const auto cut = [&] {
        for (std::size_t at = 0; (at = seen.find("[MQTTAgent ]", at)) != std::string::npos; ++at) {
            const auto end = seen.find("\r\n", at);
            if (end != std::string::npos && seen[end - 1] != ')') return true;
        }
        return false;
    };
    const auto deadline = bench::clock::now() + 5s;
    while (!cut() && bench::clock::now() < deadline) seen += bench::read_some(host.fd(), 100ms);
    CHECK(cut());
    host.send("conf get mqtt_port\r\n");
    host.expect("mqtt_port=8883\r\n> ");
}

TEST_CASE("a secret typed at the prompt is not in the events") {
    bench::boards boards;
    bench::host host(boards.usb());
    boards.event("booted");
    host.until_quiet();
    host.command("conf set wifi_credential hunter2");
    CHECK(boards.event("command")["text"] == "conf set wifi_credential ***");
    host.command("pki generate key");
    boards.event("key-generated");
    for (const auto& event : boards.all()) {
        CHECK(event.dump().find("hunter2") == std::string::npos);
        CHECK(event.dump().find("PRIVATE") == std::string::npos);
    }
    CHECK(bench::shell("stat -c %a " + (boards.device() / "private_key.pem").string()) == "600\n");
}

TEST_CASE("the request carries the firmware's signature algorithm defect and still verifies") {
    bench::boards boards;
    bench::host host(boards.usb());
    boards.event("booted");
    host.until_quiet();
    host.command("conf set thing_name SN000001");
    host.command("pki generate key");
    host.until_quiet();
    const auto csr = host.command("pki generate csr");
    const auto file = (boards.directory() / "csr.pem").string();
    bench::shell("cat > " + file + " <<'END'\n" + csr + "END");
    const auto text = bench::shell("openssl req -verify -noout -text -in " + file);
    CHECK(text.find("verify OK") != std::string::npos);
    CHECK(text.find("Subject: CN = SN000001") != std::string::npos);
    CHECK(text.find("Digital Signature") != std::string::npos);
    CHECK(text.find("SSL Client") != std::string::npos);
    const auto hex =
        bench::shell("openssl req -outform der -in " + file + " | od -An -v -tx1 | tr -d ' \\n'");
    CHECK(hex.find("300c06082a8648ce3d0403020500") != std::string::npos);
}
