// SPDX-License-Identifier: Apache-2.0
// Run under umockdev-wrapper: an unmodified libudev sees the devices of a test bed.
#include "serial/udev_watcher.hpp"

#include <catch2/catch.hpp>

#include "serial/port.hpp"
#include "unit/serial/pty.hpp"
#include "unit/serial/usb_bench.hpp"

using namespace fleetline;
using fleetline::serial::udev_watcher;
using fleetline::serial::usb_event;

namespace {

/// Devices that come and go.
struct bench {
    boost::asio::io_context context;
    test::usb_bench usb;

    static test::tty tty(const std::string& name, const std::string& port = "1.3") {
        test::tty made;
        made.name = name;
        made.port = port;
        made.interface = "02";
        return made;
    }
    void plug(const std::string& name, const std::string& port = "1.3") { usb.plug(tty(name, port)); }
    void unplug(const std::string& name, const std::string& port = "1.3") { usb.unplug(tty(name, port)); }
    usb_event next(udev_watcher& watcher) { return test::run(context, watcher.next()); }
};

constexpr const char* port_1 = "pci-0000:00:04.0-usb-0:1.3:1.2";
constexpr const char* port_2 = "pci-0000:00:04.0-usb-0:1.4:1.2";

}  // namespace

TEST_CASE("a board plugged before the station started is found, with what udev knows of it") {
    bench b;
    b.plug("ttyUSB0");
    udev_watcher watcher(b.context.get_executor());
    const auto event = b.next(watcher);
    CHECK(event.what == usb_event::kind::plugged);
    CHECK(event.warning.empty());
    CHECK(event.device.name == "ttyUSB0");
    CHECK(event.device.node == "/dev/ttyUSB0");
    CHECK(event.device.id_path == port_1);
    CHECK(event.device.interface == "02");
    CHECK(event.device.vendor_id == "0483");
    CHECK(event.device.product_id == "374e");
    CHECK(event.device.serial == "SN7");
    CHECK(event.device.plugging == "1000123");
}

TEST_CASE("a board is seen as it comes and goes, and comes back under another name at the same port") {
    bench b;
    udev_watcher watcher(b.context.get_executor());
    b.plug("ttyUSB0");
    CHECK(b.next(watcher).what == usb_event::kind::plugged);
    b.unplug("ttyUSB0");
    auto event = b.next(watcher);
    CHECK(event.what == usb_event::kind::unplugged);
    CHECK(event.device.id_path == port_1);
    b.plug("ttyUSB1");
    event = b.next(watcher);
    CHECK(event.what == usb_event::kind::plugged);
    CHECK(event.device.name == "ttyUSB1");
    CHECK(event.device.id_path == port_1);
}

TEST_CASE("one plugging of a board is told from the next, and is the same for the next watcher") {
    bench b;
    std::string first;
    {
        udev_watcher watcher(b.context.get_executor());
        b.plug("ttyUSB0");
        first = b.next(watcher).device.plugging;
        CHECK_FALSE(first.empty());
    }
    udev_watcher watcher(b.context.get_executor());
    CHECK(b.next(watcher).device.plugging == first);
    b.unplug("ttyUSB0");
    CHECK(b.next(watcher).device.plugging == first);
    b.plug("ttyUSB1");
    const auto again = b.next(watcher).device.plugging;
    CHECK_FALSE(again.empty());
    CHECK(again != first);
}

TEST_CASE("ttys that are not on USB are no boards") {
    bench b;
    auto gadget = bench::tty("ttyGS0", "1.5");
    gadget.bus.clear();
    auto card = bench::tty("ttyS7", "1.6");
    card.bus = "pci";
    b.usb.plug(gadget);
    b.usb.plug(card);
    udev_watcher watcher(b.context.get_executor());
    gadget.name = "ttyGS1";
    b.usb.plug(gadget);
    b.plug("ttyUSB0", "1.4");
    CHECK(b.next(watcher).device.name == "ttyUSB0");
    b.usb.unplug(gadget);
    b.unplug("ttyUSB0", "1.4");
    CHECK(b.next(watcher).device.name == "ttyUSB0");
}

TEST_CASE("a board whose port udev does not know comes with a warning") {
    bench b;
    b.plug("ttyUSB0", "");
    udev_watcher watcher(b.context.get_executor());
    CHECK_FALSE(b.next(watcher).warning.empty());
}

TEST_CASE("the end of a board that was unplugged is told even if its place was taken at once") {
    bench b;
    b.plug("ttyUSB0");
    udev_watcher watcher(b.context.get_executor());
    CHECK(b.next(watcher).what == usb_event::kind::plugged);
    // two boards swapped between one look and the next
    b.unplug("ttyUSB0");
    b.plug("ttyUSB1");
    b.plug("ttyUSB2", "1.4");
    CHECK(b.next(watcher).what == usb_event::kind::unplugged);
    CHECK(b.next(watcher).device.id_path == port_1);
    CHECK(b.next(watcher).device.id_path == port_2);
}

// Reading is tested on pseudo terminals: the test bed answers FIONBIO with ENOTTY, which no tty does.
TEST_CASE("the port that udev names opens") {
    bench b;
    b.usb.plug_with_node(bench::tty("ttyUSB0"));
    udev_watcher watcher(b.context.get_executor());
    const auto event = b.next(watcher);
    const serial::port port(b.context.get_executor(), event.device.node, {});
    CHECK(port.path() == "/dev/ttyUSB0");
}
