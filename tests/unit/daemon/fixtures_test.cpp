// SPDX-License-Identifier: Apache-2.0
// Which tty sits in which slot.
#include "fixtures.hpp"

#include <catch2/catch.hpp>

#include "config/load.hpp"

using namespace fleetline;
using daemon::fixtures;

namespace {

config::settings two_slots() {
    return config::parse("[station]\nid = \"s\"\n[cloud]\nendpoint = \"e\"\nca_file = \"c\"\n"
                         "claim_certificate_file = \"c\"\nclaim_key_file = \"k\"\n"
                         "[[product]]\nname = \"p\"\ntemplate = \"t\"\nusb_vendor = \"0403\"\n"
                         "[[slot]]\nname = \"A1\"\nport = \"pci-usb-0:1.1\"\n"
                         "[[slot]]\nname = \"A2\"\nport = \"pci-usb-0:1.2:1.0\"\n",
                         "f.toml")
        .value;
}

serial::usb_device tty(const std::string& name, const std::string& id_path, const std::string& interface = "00") {
    serial::usb_device made;
    made.name = name;
    made.node = "/dev/" + name;
    made.id_path = id_path;
    made.interface = interface;
    made.vendor_id = "0403";
    return made;
}

std::string name_of(const config::slot_section* slot) {
    return slot == nullptr ? "" : slot->name.text();
}

}  // namespace

TEST_CASE("a tty sits in the slot of its port", "[daemon][fixtures]") {
    const auto settings = two_slots();
    fixtures seats(settings);
    CHECK(name_of(seats.plugged(tty("ttyUSB0", "pci-usb-0:1.1:1.0")).slot) == "A1");
    CHECK(name_of(seats.plugged(tty("ttyUSB1", "pci-usb-0:1.2:1.0")).slot) == "A2");
    const auto none = seats.plugged(tty("ttyUSB2", "pci-usb-0:1.3:1.0"));
    CHECK(none.slot == nullptr);
    CHECK(none.why_none == "A tty that belongs to no slot: port pci-usb-0:1.3:1.0, interface 00");
    CHECK(name_of(seats.unplugged(tty("ttyUSB1", "pci-usb-0:1.2:1.0"))) == "A2");
    CHECK(seats.unplugged(tty("ttyUSB1", "pci-usb-0:1.2:1.0")) == nullptr);
}

TEST_CASE("a product takes the ttys of its USB ids alone, and the log says what did not fit", "[daemon][fixtures]") {
    auto settings = two_slots();
    auto& product = settings.products.at(0);
    product.usb_product = "6001";
    product.usb_interface = "02";
    fixtures seats(settings);
    auto fitting = tty("ttyUSB0", "pci-usb-0:1.1:1.2", "02");
    fitting.product_id = "6001";

    auto other = fitting;
    other.vendor_id = "1366";
    auto place = seats.plugged(other);
    CHECK(place.slot == nullptr);
    CHECK(place.why_none ==
          "A tty at slot A1's port that product p does not take: usb_vendor 0403 is wanted, it has 1366");
    other = fitting;
    other.product_id = "6015";
    place = seats.plugged(other);
    CHECK(place.slot == nullptr);
    CHECK(place.why_none.find("usb_product 6001 is wanted, it has 6015") != std::string::npos);
    other = fitting;
    other.interface = "00";
    place = seats.plugged(other);
    CHECK(place.slot == nullptr);
    CHECK(place.why_none.find("usb_interface 02 is wanted, it has 00") != std::string::npos);
    other.interface.clear();
    CHECK(seats.plugged(other).why_none.find("it has none") != std::string::npos);
    CHECK(name_of(seats.plugged(fitting).slot) == "A1");
    CHECK(name_of(seats.unplugged(fitting)) == "A1");
}

TEST_CASE("a board's second tty is told, and does not take the first one's place", "[daemon][fixtures]") {
    const auto settings = two_slots();
    fixtures seats(settings);
    CHECK(name_of(seats.plugged(tty("ttyACM0", "pci-usb-0:1.1:1.0")).slot) == "A1");
    const auto second = seats.plugged(tty("ttyACM1", "pci-usb-0:1.1:1.2", "02"));
    CHECK(second.slot == nullptr);
    CHECK(second.why_none.find("give the slot an interface") != std::string::npos);
    CHECK(seats.unplugged(tty("ttyACM1", "pci-usb-0:1.1:1.2", "02")) == nullptr);
    CHECK(name_of(seats.unplugged(tty("ttyACM0", "pci-usb-0:1.1:1.0"))) == "A1");
}

TEST_CASE("a board that came back is not taken for gone when its old tty is told to be", "[daemon][fixtures]") {
    const auto settings = two_slots();
    fixtures seats(settings);
    seats.plugged(tty("ttyUSB0", "pci-usb-0:1.1:1.0"));
    CHECK(name_of(seats.plugged(tty("ttyUSB1", "pci-usb-0:1.1:1.0")).slot) == "A1");
    CHECK(seats.unplugged(tty("ttyUSB0", "pci-usb-0:1.1:1.0")) == nullptr);
    CHECK(name_of(seats.unplugged(tty("ttyUSB1", "pci-usb-0:1.1:1.0"))) == "A1");
}
