// SPDX-License-Identifier: Apache-2.0
// The talk of `fleetline slots discover`; on a terminal with udev: discover_udev_test.cpp.
#include "cli/discovery.hpp"

#include <catch2/catch.hpp>

#include "config/load.hpp"

using namespace fleetline;
using cli::discovery;

namespace {

serial::usb_device tty(const std::string& name, const std::string& port, const std::string& interface = "00") {
    serial::usb_device made;
    made.name = name;
    made.node = "/dev/" + name;
    made.id_path = "pci-0000:00:14.0-usb-0:" + port + ":1." + std::to_string(std::stoi(interface, nullptr, 16));
    made.interface = interface;
    made.vendor_id = "0403";
    made.product_id = "6001";
    made.serial = "SN7";
    return made;
}

bool says(const std::string& text, const std::string& what) {
    INFO(text);
    return text.find(what) != std::string::npos;
}

config::settings configuration(const std::string& more) {
    return config::parse("[station]\nid = \"s\"\n[cloud]\nendpoint = \"e\"\nca_file = \"c\"\n"
                         "claim_certificate_file = \"c\"\nclaim_key_file = \"k\"\n" +
                             more,
                         "f.toml")
        .value;
}

std::string name_board(discovery& talk, const serial::usb_device& board, const std::string& name) {
    talk.plugged(board);
    talk.settled();
    return talk.line(name);
}

}  // namespace

TEST_CASE("each fixture in turn gets its entry", "[daemon][discovery]") {
    discovery talk(nullptr);
    CHECK(says(talk.begin({}), "Plug a board into each fixture in turn"));
    talk.plugged(tty("ttyUSB0", "1.1"));
    CHECK(talk.settling());
    const auto asked = talk.settled();
    CHECK(says(asked, "/dev/ttyUSB0  0403:6001  interface 00  serial SN7"));
    CHECK(says(asked, "The slot's name"));
    CHECK(says(talk.line("  A1 \r"), "Waiting for a board"));
    talk.unplugged(tty("ttyUSB0", "1.1"));
    CHECK(says(name_board(talk, tty("ttyUSB0", "1.2"), "A2"), "A2: pci-0000:00:14.0-usb-0:1.2:1.0"));
    talk.line("");
    CHECK(talk.ended());
    CHECK(talk.entries() ==
          "[[slot]]  # 0403:6001\nname = \"A1\"\nport = \"pci-0000:00:14.0-usb-0:1.1:1.0\"\n\n"
          "[[slot]]  # 0403:6001\nname = \"A2\"\nport = \"pci-0000:00:14.0-usb-0:1.2:1.0\"\n");
}

TEST_CASE("of a board with several ttys the person says which is the console", "[daemon][discovery]") {
    discovery talk(nullptr);
    talk.begin({});
    talk.plugged(tty("ttyACM1", "1.1", "02"));
    talk.plugged(tty("ttyACM0", "1.1", "00"));
    const auto asked = talk.settled();
    CHECK(says(asked, "  1  /dev/ttyACM0"));
    CHECK(says(asked, "  2  /dev/ttyACM1"));
    for (const auto* wrong : {"3", "0", "-1", "x", "2x", "99999999999999999999"})
        CHECK(says(talk.line(wrong), "A number from 1 to 2"));
    CHECK(says(talk.line("2"), "The slot's name"));
    talk.line("A1");
    CHECK(talk.entries() ==
          "[[slot]]  # 0403:6001\nname = \"A1\"\nport = \"pci-0000:00:14.0-usb-0:1.1:1.2\"\ninterface = \"02\"\n");
}

TEST_CASE("a tty that comes late is offered too", "[daemon][discovery]") {
    discovery talk(nullptr);
    talk.begin({});
    talk.plugged(tty("ttyACM0", "1.1", "00"));
    talk.settled();
    talk.plugged(tty("ttyACM1", "1.1", "02"));
    CHECK(talk.settling());
    CHECK(says(talk.settled(), "  2  /dev/ttyACM1"));
}

TEST_CASE("a name is asked for again until it can be one", "[daemon][discovery]") {
    const auto settings = configuration("[[product]]\nname = \"p\"\ntemplate = \"t\"\n[[slot]]\nname = \"C1\"\n"
                                        "port = \"pci-0000:00:14.0-usb-0:7\"\n");
    discovery talk(&settings);
    talk.begin({});
    name_board(talk, tty("ttyUSB0", "1.1"), "A1");
    CHECK(says(name_board(talk, tty("ttyUSB1", "1.2"), "A1"), "A1 is the slot at pci-0000:00:14.0-usb-0:1.1:1.0"));
    CHECK(says(talk.line("C1"), "is in the configuration already"));
    CHECK(says(talk.line("say \"A\""), "no quotes"));
    CHECK(says(talk.line("a\\b"), "no quotes"));
    CHECK(says(talk.line("a\033[31m"), "control characters"));
    CHECK(says(talk.line(std::string(65, 'x')), "at most 64 bytes"));
    CHECK(says(talk.line("線2"), "線2: "));
    CHECK(talk.found().size() == 2);
}

TEST_CASE("a fixture seen before keeps its name, or gets the new one", "[daemon][discovery]") {
    const auto settings = configuration("[[product]]\nname = \"p\"\ntemplate = \"t\"\n[[slot]]\nname = \"C1\"\n"
                                        "port = \"pci-0000:00:14.0-usb-0:7\"\n");
    discovery talk(&settings);
    talk.begin({});
    talk.plugged(tty("ttyUSB0", "7"));
    CHECK(says(talk.settled(), "This is slot C1 already"));
    talk.line("C1");
    talk.unplugged(tty("ttyUSB0", "7"));
    talk.plugged(tty("ttyUSB0", "7"));
    talk.settled();
    talk.line("D1");
    REQUIRE(talk.found().size() == 1);
    CHECK(talk.found().front().name == "D1");
}

TEST_CASE("boards that come while another is talked about wait for their turn", "[daemon][discovery]") {
    discovery talk(nullptr);
    talk.begin({});
    talk.plugged(tty("ttyUSB0", "1.1"));
    talk.settled();
    CHECK(talk.plugged(tty("ttyUSB1", "1.2")).empty());
    talk.plugged(tty("ttyUSB2", "1.3"));
    talk.unplugged(tty("ttyUSB2", "1.3"));
    talk.line("A1");
    CHECK(talk.settling());
    CHECK(says(talk.settled(), "/dev/ttyUSB1"));
    CHECK(says(talk.unplugged(tty("ttyUSB1", "1.2")), "That board is gone"));
    CHECK_FALSE(talk.settling());
    CHECK(talk.found().size() == 1);
}

TEST_CASE("what is there already, has no port or fits no product is said", "[daemon][discovery]") {
    const auto settings =
        configuration("[[product]]\nname = \"p\"\ntemplate = \"t\"\nusb_vendor = \"0483\"\n[[product]]\nname = "
                      "\"q\"\ntemplate = \"t\"\nusb_vendor = \"1366\"\n");
    discovery talk(&settings);
    CHECK(says(talk.begin({tty("ttyUSB0", "1.1")}), "There already: /dev/ttyUSB0"));
    serial::usb_device nowhere = tty("ttyUSB1", "1.2");
    nowhere.id_path.clear();
    CHECK(says(talk.plugged(nowhere), "udev knows no port"));
    CHECK_FALSE(talk.settling());
    talk.plugged(tty("ttyUSB2", "1.2"));
    CHECK(says(talk.settled(), "No [[product]] of the configuration takes 0403:6001"));
    talk.line("A1");
    CHECK(says(talk.entries(), "#product = \"\"  # one of: p q"));
}

TEST_CASE("nothing plugged, nothing printed", "[daemon][discovery]") {
    discovery talk(nullptr);
    talk.begin({});
    talk.line("");
    CHECK(talk.ended());
    CHECK(talk.entries().empty());
}
