// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "bench.hpp"

namespace fs = std::filesystem;
using namespace std::chrono_literals;

TEST_CASE("a plugged board is a link to a raw terminal with a description beside it") {
    bench::boards boards({"--serial", "A-1", "--serial", "B-2", "--slot-prefix", "s"});
    REQUIRE(fs::is_symlink(boards.usb("s01")));
    CHECK(fs::read_symlink(boards.usb("s02")).string().find("/dev/pts/") == 0);
    const auto text = bench::shell("cat " + boards.usb("s02").string() + ".json");
    CHECK(nlohmann::json::parse(text) == nlohmann::json::parse(R"({"id_path": "platform-rehearsal-usb-0:1.2",
        "vendor_id": "0483", "product_id": "374e", "serial": "B-2", "interface": "02"})"));
    const auto settings = bench::shell("stty -a < " + boards.usb("s01").string());
    CHECK(settings.find("-icanon") != std::string::npos);
    CHECK(settings.find("-echo ") != std::string::npos);
}

TEST_CASE("unplugging hangs up the host, and the board comes back in a new terminal with its flash") {
    bench::boards boards;
    {
        bench::host host(boards.usb());
        boards.event("booted");
        host.until_quiet();
        host.command("pki generate key");
        boards.event("key-generated");
        CHECK(boards.control("unplug SN000001")["ok"] == true);
        CHECK(host.hung_up());
        CHECK_FALSE(fs::is_symlink(boards.usb()));
        boards.event("unplugged");
    }
    const auto key = boards.flash("private_key.pem");
    CHECK_FALSE(key.empty());
    CHECK(boards.control("plug SN000001")["ok"] == true);
    boards.event("booted");
    bench::host host(boards.usb());
    host.until_quiet();
    CHECK(host.command("pki export key").find("-----BEGIN PUBLIC KEY-----") != std::string::npos);
    boards.restart();
    CHECK(boards.flash("private_key.pem") == key);
}

TEST_CASE("what a board says while nobody has its port open is lost") {
    bench::boards boards;
    boards.event("booted");
    {
        bench::host first(boards.usb());
        first.command("uptime");
        first.until_quiet();
        boards.control("raw SN000001 756e72656164");  // "unread"
    }
    boards.control("raw SN000001 756e6865617264");  // "unheard"
    bench::host host(boards.usb());
    host.send("\x03");
    CHECK(host.expect("> ") == "\r\n> ");
}

TEST_CASE("two boards may say the same serial number, each with its own flash") {
    bench::boards boards;
    CHECK(boards.control("plug SN000001 extra")["ok"] == true);
    CHECK(fs::is_symlink(boards.usb("extra")));
    bench::host host(boards.usb("extra"));
    boards.event("booted");
    boards.event("booted");
    host.until_quiet();
    host.command("pki generate key");
    CHECK(boards.event("key-generated")["port"] == "extra");
    CHECK(fs::exists(boards.device("SN000001~2") / "private_key.pem"));
    CHECK_FALSE(fs::exists(boards.device() / "private_key.pem"));
    const auto list = boards.control("list");
    REQUIRE(list["boards"].size() == 2);
    CHECK(list["boards"][1]["serial"] == "SN000001");
}

TEST_CASE("a board is pulled before, in the middle of or after the answer to a command, once") {
    bench::boards boards;
    const auto run = [&](const std::string& when) {
        boards.control("unplug-at SN000001 conf get " + when);
        std::string seen;
        {
            bench::host host(boards.usb());
            host.send("\x03");
            host.expect("> ");
            host.send("conf get\r\n");
            CHECK(host.hung_up());
            seen = host.take();
        }
        boards.event("unplugged");
        boards.control("plug SN000001");
        boards.event("booted");
        return seen;
    };
    boards.event("booted");
    CHECK(run("before").find("thing_name") == std::string::npos);
    const auto middle = run("middle");
    CHECK(middle.find("thing_name=\"\"\r\n") != std::string::npos);
    CHECK(middle.find("time_hwm=0") == std::string::npos);
    CHECK(run("after").find("time_hwm=0\r\n") != std::string::npos);
    bench::host host(boards.usb());
    host.until_quiet();
    CHECK(host.command("conf get").find("time_hwm=0\r\n") != std::string::npos);
}

TEST_CASE("a board pulled in the middle of an import keeps what it had") {
    bench::boards boards;
    boards.event("booted");
    boards.control("unplug-at SN000001 pki import cert");
    bench::host host(boards.usb());
    host.until_quiet();
    host.send("pki import cert\r\n");
    host.expect("cert\r\n> ");
    host.send("-----BEGIN CERTIFICATE-----\r\nAAAA\r\nAAAA\r\nAAAA\r\nAAAA\r\nAAAA\r\n");
    CHECK(host.hung_up());
    CHECK_FALSE(fs::exists(boards.device() / "certificate.pem"));
}

TEST_CASE("what the control socket does not understand gets a reason") {
    bench::boards boards;
    for (const std::string bad : {"", "dance", "unplug", "unplug NOBODY", "fault SN000001 gremlins",
                                  "raw SN000001 0g", "chatter SN000001 often"}) {
        const auto answer = boards.control(bad);
        CAPTURE(bad, answer.dump());
        CHECK(answer["ok"] == false);
        CHECK_FALSE(answer["error"].get<std::string>().empty());
    }
}
