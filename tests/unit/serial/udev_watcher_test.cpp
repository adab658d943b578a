// SPDX-License-Identifier: Apache-2.0
// Run under umockdev-wrapper: an unmodified libudev sees the devices of a test bed.
#include "serial/udev_watcher.hpp"

#include <umockdev.h>

#include <catch2/catch.hpp>
#include <memory>
#include <stdexcept>

#include "serial/port.hpp"
#include "unit/serial/pty.hpp"

using namespace fleetline;
using fleetline::serial::udev_watcher;
using fleetline::serial::usb_event;

namespace {

struct unref {
    void operator()(UMockdevTestbed* bed) const { g_object_unref(bed); }
};

/// Devices that come and go. umockdev takes a node's name once only.
struct bench {
    boost::asio::io_context context;
    std::unique_ptr<UMockdevTestbed, unref> bed{umockdev_testbed_new()};
    int plugged = 0;

    static std::string path(const std::string& name) { return "/devices/pci0/usb1/1-1/1-1:1.0/" + name; }

    void plug(const std::string& name, const std::string& id_path, const std::string& bus = "usb") {
        const std::string text = "P: " + path(name) + "\nN: " + name + "\nE: DEVNAME=/dev/" + name +
                                 "\nE: SUBSYSTEM=tty\n" + (bus.empty() ? "" : "E: ID_BUS=" + bus + "\n") +
                                 (id_path.empty() ? "" : "E: ID_PATH=" + id_path + "\n") +
                                 "E: ID_USB_INTERFACE_NUM=02\nE: ID_VENDOR_ID=0483\nE: ID_MODEL_ID=374e\n"
                                 "E: ID_SERIAL_SHORT=SN7\nE: USEC_INITIALIZED=" +
                                 std::to_string(++plugged) + "000123\n\n";
        GError* error = nullptr;
        if (umockdev_testbed_add_from_string(bed.get(), text.c_str(), &error) == 0)
            throw std::runtime_error(error->message);
    }
    void unplug(const std::string& name) {
        umockdev_testbed_uevent(bed.get(), ("/sys" + path(name)).c_str(), "remove");
        umockdev_testbed_remove_device(bed.get(), ("/sys" + path(name)).c_str());
    }
    usb_event next(udev_watcher& watcher) { return test::run(context, watcher.next()); }
};

constexpr const char* port_1 = "pci-0000:00:04.0-usb-0:1.3:1.0";
constexpr const char* port_2 = "pci-0000:00:04.0-usb-0:1.4:1.0";

}  // namespace

TEST_CASE("a board plugged before the station started is found, with what udev knows of it") {
    bench b;
    b.plug("ttyUSB0", port_1);
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
    b.plug("ttyUSB0", port_1);
    CHECK(b.next(watcher).what == usb_event::kind::plugged);
    b.unplug("ttyUSB0");
    auto event = b.next(watcher);
    CHECK(event.what == usb_event::kind::unplugged);
    CHECK(event.device.id_path == port_1);
    b.plug("ttyUSB1", port_1);
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
        b.plug("ttyUSB0", port_1);
        first = b.next(watcher).device.plugging;
        CHECK_FALSE(first.empty());
    }
    udev_watcher watcher(b.context.get_executor());
    CHECK(b.next(watcher).device.plugging == first);
    b.unplug("ttyUSB0");
    CHECK(b.next(watcher).device.plugging == first);
    b.plug("ttyUSB1", port_1);
    const auto again = b.next(watcher).device.plugging;
    CHECK_FALSE(again.empty());
    CHECK(again != first);
}

TEST_CASE("ttys that are not on USB are no boards") {
    bench b;
    b.plug("ttyGS0", "platform-x", "");
    b.plug("ttyS7", "pci-0000:00:05.0", "pci");
    udev_watcher watcher(b.context.get_executor());
    b.plug("ttyGS1", "platform-x", "");
    b.plug("ttyUSB0", port_2);
    CHECK(b.next(watcher).device.name == "ttyUSB0");
    b.unplug("ttyGS0");
    b.unplug("ttyUSB0");
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
    b.plug("ttyUSB0", port_1);
    udev_watcher watcher(b.context.get_executor());
    CHECK(b.next(watcher).what == usb_event::kind::plugged);
    // two boards swapped between one look and the next
    b.unplug("ttyUSB0");
    b.plug("ttyUSB1", port_1);
    b.plug("ttyUSB2", port_2);
    CHECK(b.next(watcher).what == usb_event::kind::unplugged);
    CHECK(b.next(watcher).device.id_path == port_1);
    CHECK(b.next(watcher).device.id_path == port_2);
}

// Reading is tested on pseudo terminals: the test bed answers FIONBIO with ENOTTY, which no tty does.
TEST_CASE("the port that udev names opens") {
    bench b;
    b.plug("ttyUSB0", port_1);
    udev_watcher watcher(b.context.get_executor());
    const auto event = b.next(watcher);
    const serial::port port(b.context.get_executor(), event.device.node, {});
    CHECK(port.path() == "/dev/ttyUSB0");
}
