// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <string>

#include "bench.hpp"

using namespace std::chrono_literals;

namespace {

// A board with that fault and a key pair, its host at the prompt.
struct bad_board {
    explicit bad_board(const std::string& fault)
        : boards({"--count", "1", "--watchdog-ms", "100"}), host(boards.usb()) {
        boards.event("booted");
        host.until_quiet();
        host.command("conf set thing_name SN000001");
        host.command("pki generate key");
        host.until_quiet();
        if (!fault.empty()) CHECK(boards.control("fault SN000001 " + fault)["ok"] == true);
    }

    std::string csr_says(const std::string& what) {
        const auto file = (boards.directory() / "csr.pem").string();
        bench::shell("cat > " + file + " <<'END'\n" + host.command("pki generate csr") + "END");
        return bench::shell("openssl req -in " + file + " " + what);
    }

    // Imports a certificate line by line and returns what the board says at the end.
    std::string import(const std::string& pem) {
        host.send("pki import cert\r\n");
        host.expect("cert\r\n> ");
        std::string answer;
        for (std::size_t at = 0; at < pem.size();) {
            const auto line = pem.substr(at, pem.find('\n', at) - at);
            at += line.size() + 1;
            host.send(line + "\n");
            host.expect(line + "\r\n");
            answer = host.expect("> ");
        }
        host.until_quiet();
        return answer;
    }

    std::string make_certificate() {
        const auto name = (boards.directory() / "other").string();
        return bench::shell(
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=x "
            "-keyout " +
            name + ".key 2>/dev/null");
    }

    bench::boards boards;
    bench::host host;
};

}  // namespace

TEST_CASE("a healthy board keeps what it is given") {
    bad_board board("");
    const auto certificate = board.make_certificate();
    CHECK(board.import(certificate) == "Success: Certificate loaded to label: 'tls_cert'.\r\n> ");
    CHECK(board.boards.flash("certificate.pem") == certificate);
    CHECK(board.csr_says("-verify -noout").find("verify OK") != std::string::npos);
}

TEST_CASE("csr-bad-signature: the request does not verify") {
    bad_board board("csr-bad-signature");
    CHECK(board.csr_says("-verify -noout").find("verify OK") == std::string::npos);
}

TEST_CASE("csr-wrong-subject: the request is for somebody else") {
    bad_board board("csr-wrong-subject Mallory");
    CHECK(board.csr_says("-subject -noout") == "subject=CN = Mallory\n");
}

TEST_CASE("csr-wrong-key: the request is for a key the board does not have") {
    bad_board board("csr-wrong-key");
    const auto requested = board.csr_says("-pubkey -noout");
    auto held = board.host.command("pki export key");
    held.erase(0, held.find("-----BEGIN"));
    held.erase(std::remove(held.begin(), held.end(), '\r'), held.end());
    CHECK(requested.find("BEGIN PUBLIC KEY") != std::string::npos);
    CHECK(requested != held);
}

TEST_CASE("import-corrupts: the board says it went well and holds something else") {
    bad_board board("import-corrupts");
    const auto certificate = board.make_certificate();
    CHECK(board.import(certificate).find("Success:") == 0);
    CHECK(board.boards.flash("certificate.pem") != certificate);
}

TEST_CASE("import-drops-line: the import ends in silence") {
    bad_board board("import-drops-line");
    CHECK(board.import(board.make_certificate()) == "> ");
    CHECK(board.boards.flash("certificate.pem").empty());
}

TEST_CASE("readback-other-cert and readback-nothing: the export is not what was imported") {
    bad_board board("readback-other-cert");
    const auto certificate = board.make_certificate();
    board.import(certificate);
    auto shown = board.host.command("pki export cert");
    shown.erase(std::remove(shown.begin(), shown.end(), '\r'), shown.end());
    CHECK(shown.find("-----BEGIN CERTIFICATE-----\nMII") == 0);
    CHECK(shown != certificate);
    board.boards.control("clear-faults SN000001");
    board.boards.control("fault SN000001 readback-nothing");
    CHECK(board.host.command("pki export cert") ==
          "-----BEGIN CERTIFICATE-----\r\n-----END CERTIFICATE-----\r\n");
}

TEST_CASE("keygen-fails: the board says so") {
    bad_board board("keygen-fails");
    CHECK(board.host.command("pki generate key") == "ERROR: Failed to generate public/private key pair.\r\n");
}

TEST_CASE("silent: not a byte; no-prompt: everything but the prompt") {
    bad_board board("silent");
    board.host.send("uptime\r\n");
    CHECK(board.host.until_quiet(150ms).empty());
    board.boards.control("clear-faults SN000001");
    board.boards.control("fault SN000001 no-prompt");
    board.host.send("\x03");
    board.host.send("conf get mqtt_port\r\n");
    CHECK(board.host.until_quiet(150ms).find("conf get mqtt_port\r\nmqtt_port=8883\r\n") !=
          std::string::npos);
    board.host.send("\x03");
    CHECK(board.host.until_quiet() == "\r\n");
}

TEST_CASE("random-garbage and line-1mib arrive whole") {
    bad_board board("");
    board.boards.control("fault SN000001 random-garbage 2000");
    CHECK(board.host.until_quiet(100ms).size() == 2000);
    board.boards.control("fault SN000001 line-1mib");
    const auto line = board.host.until_quiet(200ms);
    CHECK(line.size() == 1U << 20);
    CHECK(line.find('\n') == std::string::npos);
    board.host.send("conf get mqtt_port\r\n");
    board.host.expect("mqtt_port=8883\r\n> ");
}

TEST_CASE("raw bytes go to the host as they are") {
    bad_board board("");
    board.boards.control("raw SN000001 00ff1b5b4b0d");
    CHECK(board.host.until_quiet() == std::string("\x00\xff\x1b[K\r", 6));
}

TEST_CASE("wrong-baud: nothing is understood on either side") {
    bad_board board("wrong-baud");
    board.host.send("conf get\r\n");
    const auto seen = board.host.until_quiet(150ms);
    CHECK(seen.find("thing_name") == std::string::npos);
    CHECK(seen.find("conf get") == std::string::npos);
}

TEST_CASE("log-mid-answer: a log line stands in the middle of an answer's line") {
    bad_board board("log-mid-answer 15");
    board.host.send("conf get\r\n");
    board.host.expect("conf get\r\n");
    const auto seen = board.host.expect("time_hwm=0\r\n> ");
    CHECK(seen.find("thing_name=\"SN0<INF> ") == 0);
    CHECK(seen.find("\r\n00001\"\r\nmqtt_endpoint") != std::string::npos);
}

TEST_CASE("slow-flash: a commit takes its time") {
    bad_board board("slow-flash 300");
    const auto start = bench::clock::now();
    CHECK(board.host.command("conf commit") == "Configuration saved to NVM.\r\n");
    CHECK(bench::clock::now() - start >= 300ms);
}

TEST_CASE("reboot-midway: the watchdog strikes in the middle of a command, once") {
    bad_board board("reboot-midway conf get");
    board.host.send("conf get\r\n");
    const auto seen = board.host.expect("IWDGRSTF: Independent Watchdog.");
    CHECK(seen.find("time_hwm") == std::string::npos);
    board.boards.event("booted");
    board.host.until_quiet();
    CHECK(board.host.command("conf get").find("time_hwm=0\r\n") != std::string::npos);
}

TEST_CASE("dead-after-reset: it does not come back") {
    bad_board board("dead-after-reset");
    board.host.send("reset\r\n");
    board.host.expect("Resetting device.");
    CHECK(board.host.until_quiet(300ms).empty());
}
