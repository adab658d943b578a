// SPDX-License-Identifier: Apache-2.0
#include "dialect/freertos_cli.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "unit/dialect/bench.hpp"

using namespace fleetline;
using fleetline::test::bench;
using fleetline::test::far_end;
using fleetline::test::pieces;
using state = fleetline::test::far_end::state;

namespace {

bool received(const far_end& far, const std::string& line) {
    return std::find(far.lines.begin(), far.lines.end(), line) != far.lines.end();
}

}  // namespace

TEST_CASE("a board goes the whole way, in whatever pieces its bytes come") {
    bench b;
    b.far.chunks = GENERATE(pieces::whole, pieces::bytewise, pieces::at_random);
    b.run(b.provision());
    CHECK(b.far.conf["thing_name"] == "\"SN000123-thing\"");
    CHECK(b.far.conf["mqtt_endpoint"] == "\"a1b2c3d4e5f6g7-ats.iot.eu-central-1.amazonaws.com\"");
    CHECK(b.far.conf["mqtt_port"] == "8443");
    CHECK(b.far.certificates.contains("tls_cert"));
    CHECK(b.far.certificates.contains("root_ca_cert"));
    CHECK(received(b.far, "conf commit"));
    CHECK(b.far.lines.back() == "reset");
    CHECK_FALSE(b.board.restarting());
}

TEST_CASE("no more than half the board's receive buffer is ever under way") {
    bench b;
    b.run(b.provision());
    CHECK(b.far.most_pending <= 256);
    CHECK(b.far.most_pending > 128);  // but it is made use of
}

TEST_CASE("a board that logs without pause goes the whole way") {
    bench b;
    b.far.random.seed(GENERATE(range(1U, 16U)));
    b.far.chatter = GENERATE(3U, 30U);
    b.far.chunks = pieces::at_random;
    b.run(b.provision());
    CHECK(b.far.certificates.contains("root_ca_cert"));
}

TEST_CASE("the firmware cannot tell its serial number or version, and makes its own key") {
    bench b;
    const auto identity = b.run(b.board.identify());
    CHECK_FALSE(identity.serial.has_value());
    CHECK(identity.dialect == "freertos-cli");
    CHECK(identity.firmware_version.empty());
    CHECK(b.board.makes_key() == station::key_origin::device);
}

TEST_CASE("the request is the board's own, for the name asked for, its defect mended") {
    bench b;
    b.run(b.board.identify());
    const auto request = b.run(b.board.make_csr("SN000123"));
    const auto parsed = x509::parse_csr(request.pem);
    REQUIRE(parsed);
    CHECK(parsed->common_name == "SN000123");
    CHECK(parsed->public_key == request.public_key);
    CHECK(parsed->der == request.der);
    // SEQUENCE{ecdsa-with-SHA256, NULL} as mbedTLS writes it
    CHECK(request.der.find("\x30\x0c\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02\x05") == std::string::npos);
    CHECK(b.run(b.board.public_key()) == request.public_key);
}

TEST_CASE("a board without a key has no public key, which is no failure") {
    bench b;
    b.far.answer_instead = [](const std::string& line) -> std::optional<std::string> {
        if (line == "pki export key") return "Public Key Label: tls_key_pub\r\n";
        return std::nullopt;
    };
    CHECK_FALSE(b.run(b.board.public_key()).has_value());
}

TEST_CASE("a console is woken up from any state it was left in") {
    bench b;
    SECTION("idle") {}
    SECTION("a half-typed command") {
        b.far.typed = "conf ge";
    }
    SECTION("a hundred characters typed") {
        b.far.typed = std::string(100, 'x');
    }
    SECTION("an import that waits for its header") {
        b.far.now = state::import_header;
    }
    SECTION("an import in its body") {
        b.far.now = state::import_body;
    }
    SECTION("an import stopped inside a body line") {
        b.far.now = state::import_body;
        b.far.typed = "YXB0dXJl";
    }
    SECTION("a session of somebody else, its end still unread") {
        b.run(b.line.write("uptime\r\nup 0 day(s) 00:00:00.001\r\n> ? 1?\r\n> conf ge"));
    }
    SECTION("garbage of another baud rate") {
        b.run(b.line.write(std::string("\xff\xfe\x80\x00<IN\x1b[\xf0", 10)));
    }
    b.run(b.provision());
}

TEST_CASE("what follows a half-done import on the console is never taken as certificate data") {
    bench b;
    b.far.now = state::import_body;
    b.run(b.board.identify());
    CHECK(b.far.now == state::idle);
    CHECK(b.far.certificates.empty());
}

TEST_CASE("a board that has just booted is left alone until its files are mounted") {
    dialect::freertos_limits limits;
    limits.settled_after = milliseconds{10'000};
    bench b(limits);
    b.far.mounted = false;
    b.far.uptime = "up 0 day(s) 00:00:00.020";
    b.run(b.line.write(test::boot_text));
    b.far.answer_instead = [&b, asked = 0](const std::string& line) mutable -> std::optional<std::string> {
        if (line != "uptime" || ++asked > 1) return std::nullopt;
        boost::asio::co_spawn(
            b.context,
            [&b]() -> boost::asio::awaitable<void> {
                co_await b.time.wait_for(milliseconds{30});
                b.far.mounted = true;
                co_await b.far.say(test::mount_text);
            },
            boost::asio::detached);
        return std::nullopt;
    };
    const auto begin = b.time.now();
    b.run(b.provision());
    CHECK(b.time.now() - begin < milliseconds{8'000});  // did not wait the full time
}

TEST_CASE("a fresh board that says nothing of its files is given its time") {
    dialect::freertos_limits limits;
    limits.settled_after = milliseconds{150};
    bench b(limits);
    b.far.uptime = "up 0 day(s) 00:00:00.050";
    const auto begin = b.time.now();
    b.run(b.board.identify());
    CHECK(b.time.now() - begin >= milliseconds{95});
}

TEST_CASE("a board that has been up for long is not waited for") {
    dialect::freertos_limits limits;
    limits.settled_after = milliseconds{20'000};
    bench b(limits);
    const auto begin = b.time.now();
    b.run(b.board.identify());
    CHECK(b.time.now() - begin < milliseconds{10'000});
}

TEST_CASE("a board that boots while it is woken up is found all the same") {
    bench b;
    std::size_t restart = GENERATE(1U, 2U);
    b.far.restart_at = [restart](std::size_t line) {
        return line == restart ? test::boot_text + test::mount_text : std::string();
    };
    b.run(b.provision());
}

TEST_CASE("a port that goes away with the reset is how some boards end well") {
    bench b;
    b.run(b.board.identify());
    b.far.unplug_at = [&b](std::size_t) { return b.far.lines.back() == "reset"; };
    CHECK_FALSE(b.board.restarting());
    b.run(b.board.finish());
    CHECK(b.board.restarting());
}

TEST_CASE("a console left alone is woken up again before it is used") {
    dialect::freertos_limits limits;
    limits.idle = milliseconds{10};
    bench b(limits);
    b.run(b.board.identify());
    const auto request = b.run(b.board.make_csr("SN000123"));
    b.run(b.time.wait_for(milliseconds{20}));
    SECTION("it is as it was") {
        b.run(b.line.write("\r\x1b[K<INF>  1 [MQTTAgent ] cut off in the mid"));
        b.run(b.board.deliver(bench::credential_for(request)));
    }
    SECTION("it restarted meanwhile") {
        b.run(b.line.write(test::boot_text + test::mount_text));
        CHECK(b.code_of(b.board.deliver(bench::credential_for(request))) == "device-restarted");
        CHECK(b.why.find("SFTRSTF") != std::string::npos);
    }
}

TEST_CASE("network settings of the template go to the board, the passphrase nowhere else") {
    bench b;
    b.run(b.board.identify());
    const auto request = b.run(b.board.make_csr("SN000123"));
    auto what = bench::credential_for(request);
    what.device_configuration = {{"wifi_ssid", "line-4"}, {"wifi_credential", "hunter2"}, {"else", "x y"}};
    SECTION("well") {
        b.run(b.board.deliver(what));
        CHECK(b.far.conf["wifi_ssid"] == "\"line-4\"");
        CHECK(b.far.conf["wifi_credential"] == "\"hunter2\"");
    }
    SECTION("taken wrongly") {
        b.far.answer_instead = [](const std::string& line) -> std::optional<std::string> {
            if (line.starts_with("conf set wifi_credential")) return "wifi_credential=\"hunter\"\r\n";
            return std::nullopt;
        };
        CHECK(b.code_of(b.board.deliver(what)) == "device-write-failed");
    }
    SECTION("echoed wrongly") {
        b.far.echo_instead = [](const std::string& line) {
            return line == "conf set wifi_credential hunter2" ? "conf set wifi_credential hunter22" : line;
        };
        CHECK(b.code_of(b.board.deliver(what)) == "device-answer-invalid");
    }
    SECTION("not fit for this firmware") {
        what.device_configuration["wifi_credential"] = "hunter2 with spaces";
        CHECK(b.code_of(b.board.deliver(what)) == "device-name-unfit");
    }
    CHECK(b.why.find("hunter") == std::string::npos);
    CHECK(b.board.transcript().find("hunter") == std::string::npos);
    CHECK(b.board.transcript().find("conf set mqtt_port 8443") != std::string::npos);
}

TEST_CASE("a name that this firmware would garble never reaches it") {
    bench b;
    b.run(b.board.identify());
    const auto lines = b.far.lines.size();
    const auto name = GENERATE(as<std::string>{}, "", "A,B=C", "a b", "sn\xc3\xa9", "a\n", "<INF>",
                               std::string(65, 'N'), std::string("a\0b", 3), "conf\x03");
    CHECK(b.code_of(b.board.make_csr(name)) == "device-name-unfit");
    auto what = bench::credential_for({});
    what.thing = thing_name(name);
    CHECK(b.code_of(b.board.deliver(what)) == "device-name-unfit");
    what.thing = thing_name("good");
    what.endpoint = name.size() < 10 ? name : std::string(110, 'e');
    CHECK(b.code_of(b.board.deliver(what)) == (name == "A,B=C" ? "" : "device-name-unfit"));
    if (name != "A,B=C") CHECK(b.far.lines.size() == lines);
}

TEST_CASE("a certificate that is none, or two, or too large never reaches the board") {
    bench b;
    b.run(b.board.identify());
    const auto lines = b.far.lines.size();
    auto what = bench::credential_for({});
    std::string code = "station-configuration";
    SECTION("none") {
        what.certificate_pem = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n";
        code = "station-internal";
    }
    SECTION("two") {
        what.ca_pem += std::string(what.ca_pem);
    }
    SECTION("too large") {
        what.ca_pem = test::large_certificate();
    }
    CHECK(b.code_of(b.board.deliver(what)) == code);
    CHECK(b.far.lines.size() == lines);
}

TEST_CASE("a board that keeps its CA is not given one") {
    bench b;
    b.run(b.board.identify());
    const auto request = b.run(b.board.make_csr("SN000123"));
    auto what = bench::credential_for(request);
    what.ca_pem.clear();
    b.run(b.board.deliver(what));
    b.run(b.board.prove(what));
    CHECK_FALSE(received(b.far, "pki import cert root_ca_cert"));
    CHECK_FALSE(received(b.far, "pki export cert root_ca_cert"));
}
