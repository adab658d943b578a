// SPDX-License-Identifier: Apache-2.0
// A board that misbehaves, at every step: each ends in its own failure, and nothing is sent after the first
// deviation.
#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>

#include "station/failure_catalogue.hpp"
#include "unit/dialect/bench.hpp"

using namespace fleetline;
using fleetline::test::bench;
using fleetline::test::capture;
using fleetline::test::pieces;

namespace {

/// How many lines a board receives on the whole way.
std::size_t lines_of_a_good_run() {
    bench b;
    b.run(b.provision());
    return b.far.lines.size();
}

std::size_t number_of(const bench& b, const std::string& line) {
    const auto found = std::find(b.far.lines.begin(), b.far.lines.end(), line);
    return static_cast<std::size_t>(found - b.far.lines.begin()) + 1;
}

/// The far end answers this line with that.
void answer(bench& b, std::string to, std::string with) {
    b.far.answer_instead = [to = std::move(to),
                            with = std::move(with)](const std::string& line) -> std::optional<std::string> {
        if (line == to) return with;
        return std::nullopt;
    };
}

std::string csr_for(const std::string& name) {
    const auto pem = x509::make_csr(x509::make_private_key(), name)->pem;
    std::string lines;
    for (const char c : pem) lines += c == '\n' ? "\r\n" : std::string(1, c);
    return lines;
}

}  // namespace

TEST_CASE("a board that is unplugged at any line is port-gone") {
    static const std::size_t all = lines_of_a_good_run();
    for (std::size_t at = 1; at < all; ++at) {
        INFO("unplugged at line " << at);
        bench b;
        b.far.unplug_at = [at](std::size_t line) { return line == at; };
        CHECK(b.code_of(b.provision()) == "port-gone");
    }
}

TEST_CASE("a board that restarts at any line of the work is device-restarted") {
    static const std::size_t all = lines_of_a_good_run();
    for (std::size_t at = 3; at < all; ++at) {
        INFO("restarted at line " << at);
        bench b;
        b.far.restart_at = [at](std::size_t line) {
            return line == at ? "half a li" + test::boot_text + test::mount_text : std::string();
        };
        CHECK(b.code_of(b.provision()) == "device-restarted");
        CHECK(b.why.find("SFTRSTF") != std::string::npos);
    }
}

TEST_CASE("a firmware whose assertion fails is device-restarted before its watchdog bites") {
    bench b;
    answer(b, "pki generate key",
           "\r\n<ASR>     3269 [cli       ] Assertion failed. (PkiObjectPkcs11.c:561)\r\n\r\n");
    CHECK(b.code_of(b.provision()) == "device-restarted");
    CHECK(b.why.find("PkiObjectPkcs11.c:561") != std::string::npos);
}

TEST_CASE(
    "a board that is not ready for its first setting crashes, is given its time, and goes the whole way") {
    bench b;
    b.far.uptime = "up 0 day(s) 00:00:00.020";
    b.run(b.line.write(test::boot_text + test::mount_text));  // its files are mounted, its settings not read
    b.far.restart_at = [](std::size_t line) {
        return line == 3 ? "\r\n<ASR>      295 [cli       ] Assertion failed. (queue.c:1533)\r\n\r\n" +
                               test::boot_text + test::mount_text
                         : std::string();
    };
    b.run(b.board.identify());
    const auto begin = b.time.now();
    b.run(b.board.make_csr("SN000123"));
    CHECK(b.time.now() - begin >= milliseconds{270});
}

TEST_CASE("a character lost on the way is noticed in the echo, and nothing more is sent") {
    bench b;
    const std::string lost = "MAkGA1UEBhMCVVMxFzAVBgNVBAoMDkNhcHR1cmUgUlNBIENBMRkwFwYDVQQDDBBD";
    b.far.echo_instead = [&](const std::string& line) { return line == lost ? line.substr(1) : line; };
    b.far.chunks = GENERATE(pieces::whole, pieces::at_random);
    CHECK(b.code_of(b.provision()) == "device-answer-invalid");
    const auto sent = b.far.lines.size();
    b.run(b.time.wait_for(milliseconds{5}));
    CHECK(sent - number_of(b, lost) <= 256 / 65 + 1);
}

TEST_CASE("an import that the board gives up without a word is device-write-failed") {
    bench b;
    answer(b, "-----END CERTIFICATE-----", "");
    CHECK(b.code_of(b.provision()) == "device-write-failed");
    CHECK_FALSE(std::count(b.far.lines.begin(), b.far.lines.end(), "reset"));
}

TEST_CASE("an import that the board refuses stops at once") {
    const std::string words =
        GENERATE("Error: Out of memory to store the given PEM file.",
                 "Command not recognized. Enter 'help' to view a list of available commands.",
                 "Error: Current line exceeds maximum line length for a PEM file.");
    bench b;
    answer(b, "MAkGA1UEBhMCVVMxFzAVBgNVBAoMDkNhcHR1cmUgUlNBIENBMRkwFwYDVQQDDBBD", words + "\r\n");
    CHECK(b.code_of(b.provision()) == "device-write-failed");
    CHECK(b.why.find(words) != std::string::npos);
    CHECK_FALSE(std::count(b.far.lines.begin(), b.far.lines.end(), "-----END CERTIFICATE-----"));
}

TEST_CASE(
    "a setting that the board takes otherwise than asked is device-write-failed, before it is made to last") {
    bench b;
    const auto [line, words] = GENERATE(table<std::string, std::string>(
        {{"conf set mqtt_port 8443", "mqtt_port=8442"},
         {"conf set mqtt_port 8443", "mqtt_port=4294967295"},
         {"conf set thing_name SN000123-thing", "thing_name=\"SN000123\""},
         {"conf set thing_name SN000123-thing", ""},
         {"conf set thing_name SN000123-thing", "Error: key: thing_name was not recognized."},
         {"conf set thing_name SN000123", "Error: value: SN000123 is not valid for key: thing_name"}}));
    answer(b, line, words + "\r\n");
    CHECK(b.code_of(b.provision()) == "device-write-failed");
    CHECK_FALSE(std::count(b.far.lines.begin(), b.far.lines.end(), "conf commit"));
}

TEST_CASE("a configuration that the board cannot save is device-write-failed") {
    bench b;
    answer(b, "conf commit", "Error: Could not save configuration to NVM.\r\n");
    CHECK(b.code_of(b.provision()) == "device-write-failed");
}

TEST_CASE("a board that makes no key is device-key-failed") {
    bench b;
    answer(b, "pki generate key",
           GENERATE(as<std::string>{}, "", "ERROR: Failed to generate public/private key pair.\r\n",
                    "-----BEGIN PUBLIC KEY-----\r\n-----END PUBLIC KEY-----\r\n",
                    "-----BEGIN PUBLIC KEY-----\r\nAAAA\r\n-----END PUBLIC KEY-----\r\n"));
    CHECK(b.code_of(b.provision()) == "device-key-failed");
    CHECK_FALSE(std::count(b.far.lines.begin(), b.far.lines.end(), "pki generate csr"));
}

TEST_CASE("a request that is not what was asked for is device-csr-invalid") {
    bench b;
    std::string csr;
    SECTION("none, only a log line") {
        csr = "<ERR>  1 [cli       ] Failed to find private key (a.c:283)\r\n";
    }
    SECTION("for another name") {
        csr = csr_for("SN000124");
    }
    SECTION("with another key") {
        csr = csr_for("SN000123");
    }
    SECTION("with a broken signature") {
        csr = b.far.csr_answer;
        const auto last = csr.rfind("PM+KA==");
        csr.replace(last, 7, "PM+KQ==");
    }
    SECTION("no request at all") {
        csr = "-----BEGIN CERTIFICATE REQUEST-----\r\nAAAA\r\n-----END CERTIFICATE REQUEST-----\r\n";
    }
    answer(b, "pki generate csr", csr);
    CHECK(b.code_of(b.provision()) == "device-csr-invalid");
}

TEST_CASE("the word error in an answer or a log line alone is no failure") {
    bench b;
    answer(b, "pki generate key",
           "<ERR>     1 [cli       ] ERROR: error Failed (a.c:1)\r\n" + b.far.key_answer);
    b.run(b.provision());
}

TEST_CASE("a board that does not hold what was written is device-proof-failed") {
    bench b;
    const auto captured = capture::load("04-pki-happy-path");
    const auto answers = captured.answers();
    const auto bare = [&](const std::string& line, std::size_t n) {
        const auto& all = answers.at(line).at(n);
        const auto begin = all.find("\r\n") + 2;
        return all.substr(begin, all.rfind("\r\n> ") + 2 - begin);
    };
    std::string line = "pki export cert";
    std::string with;
    SECTION("no certificate") {
        with = "-----BEGIN CERTIFICATE-----\r\n-----END CERTIFICATE-----\r\n";
    }
    SECTION("nothing") {
        with = "";
    }
    SECTION("another certificate") {
        with = bare("pki export cert root_ca_cert", 0);
    }
    SECTION("a damaged certificate") {
        with = bare("pki export cert", 0);
        with[200] = with[200] == 'A' ? 'B' : 'A';
    }
    SECTION("another key") {
        line = "pki export key";
        with = bare("pki export key", 1);
    }
    SECTION("no key") {
        line = "pki export key";
        with = "Public Key Label: tls_key_pub\r\n";
    }
    SECTION("another CA") {
        line = "pki export cert root_ca_cert";
        with = bare("pki export cert", 0);
    }
    SECTION("no CA") {
        line = "pki export cert root_ca_cert";
        with = "-----BEGIN CERTIFICATE-----\r\n-----END CERTIFICATE-----\r\n";
    }
    SECTION("another name") {
        line = "conf get thing_name";
        with = "thing_name=\"SN000123\"\r\n";
    }
    SECTION("another endpoint") {
        line = "conf get mqtt_endpoint";
        with = "mqtt_endpoint=\"\"\r\n";
    }
    SECTION("another port") {
        line = "conf get mqtt_port";
        with = "mqtt_port=8883\r\n";
    }
    answer(b, line, with);
    CHECK(b.code_of(b.provision()) == "device-proof-failed");
}

TEST_CASE("a board that says nothing is device-no-answer") {
    dialect::freertos_limits limits;
    limits.wake_up = milliseconds{60};
    boost::asio::io_context context;
    system_time_source time;
    test::pty line(context.get_executor());
    dialect::freertos_cli board(
        std::make_unique<serial::console>(serial::port(context.get_executor(), line.path(), {}), time),
        limits);
    CHECK(test::code_of(context, board.identify()) == "device-no-answer");
}

TEST_CASE("a board that falls silent in the middle is device-no-answer, and can be tried again") {
    dialect::freertos_limits limits = test::quick_limits();
    limits.echo = milliseconds{1'000};
    bench b(limits);
    b.run(b.board.identify());
    b.far.silent = true;
    CHECK(b.code_of(b.board.make_csr("SN000123")) == "device-no-answer");
    b.far.silent = false;
    b.run(b.provision());
}

TEST_CASE("a board that does not reset is device-no-answer") {
    dialect::freertos_limits limits = test::quick_limits();
    limits.boot = milliseconds{50};
    bench b(limits);
    answer(b, "reset", GENERATE(as<std::string>{}, "Resetting device.\r\n", ""));
    b.run(b.board.identify());
    CHECK(b.code_of(b.board.finish()) == "device-no-answer");
}

TEST_CASE("an endless stream of any kind is device-flooded, at every step") {
    const std::string stuff =
        GENERATE(as<std::string>{}, std::string(1024, 'x'), "<INF>      1 [MQTTAgent ] log (a.c:1)\r\n",
                 "<INF> " + std::string(1000, 'y'), "\r\n\r\n\x1b[K");
    bench b;
    b.run(b.board.identify());
    b.far.answer_instead = [&](const std::string& line) -> std::optional<std::string> {
        if (line != "pki generate key") return std::nullopt;
        std::string flood;
        while (flood.size() < 512UL * 1024) flood += stuff;
        return flood;
    };
    CHECK(b.code_of(b.board.make_csr("SN000123")) == "device-flooded");
    CHECK(b.board.transcript().size() < 128UL * 1024);
}

TEST_CASE("random bytes in place of answers end in a failure of the catalogue, and the next try passes") {
    std::mt19937 random(99);
    for (int round = 0; round < 25; ++round) {
        dialect::freertos_limits limits = test::quick_limits();
        limits.echo = milliseconds{1'500};
        bench b(limits);
        const auto at = 3 + random() % 40;
        b.far.restart_at = [&random, at](std::size_t line) {
            std::string garbage;
            if (line == at)
                for (auto n = 1 + random() % 500; n > 0; --n) garbage += static_cast<char>(random());
            return garbage;
        };
        const auto code = b.code_of(b.provision());
        INFO("round " << round << ": " << code);
        CHECK(station::failure_for(code).code == code);
        b.far.restart_at = [](std::size_t) { return std::string(); };
        b.run(b.provision());
    }
}

TEST_CASE("an attempt that is cancelled leaves the port free") {
    boost::asio::io_context context;
    system_time_source time;
    test::pty line(context.get_executor());
    {
        dialect::freertos_cli board(
            std::make_unique<serial::console>(serial::port(context.get_executor(), line.path(), {}), time));
        boost::asio::cancellation_signal stop;
        bool ended = false;
        boost::asio::co_spawn(context, board.identify(),
                              boost::asio::bind_cancellation_slot(
                                  stop.slot(), [&](std::exception_ptr error, station::board_identity) {
                                      ended = error != nullptr;
                                  }));
        boost::asio::post(context, [&] { stop.emit(boost::asio::cancellation_type::terminal); });
        context.run_for(std::chrono::seconds(5));
        CHECK(ended);
    }
    const serial::port again(context.get_executor(), line.path(), {});
}

TEST_CASE("a console that had to be woken up first does not forget what it was woken up for") {
    bench b;
    b.far.answer_instead = [](const std::string& line) -> std::optional<std::string> {
        if (!line.starts_with("conf ")) return std::nullopt;
        return std::string(16UL * 1024, 'x') + "\r\n";
    };
    CHECK(b.code_of(b.board.make_csr("SN000123")) != "");
    CHECK(b.why.find("Making the board's key and request") != std::string::npos);
}
