// SPDX-License-Identifier: Apache-2.0
// Boards as they are plugged at a line, from udev's events to the slots they sit in. Run under
// umockdev-wrapper: an unmodified libudev sees the devices of a test bed.
#include <dlfcn.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <map>
#include <vector>

#include "config/load.hpp"
#include "fixtures.hpp"
#include "serial/udev_watcher.hpp"
#include "unit/serial/pty.hpp"
#include "unit/serial/usb_bench.hpp"

using namespace fleetline;
using fleetline::serial::usb_event;
using test::tty;

namespace {

/// The kernel's queue that runs over: the reader is told first, reads what the queue held, and never sees the
/// rest.
struct overrun {
    bool to_be_told = false;
    int held = -1;  ///< events; -1: the queue does not run over
};
overrun queue;

}  // namespace

/// libudev looks at each message with this before it reads it.
extern "C" ssize_t recv(int fd, void* room, size_t size, int flags) {
    static const auto real = reinterpret_cast<ssize_t (*)(int, void*, size_t, int)>(dlsym(RTLD_NEXT, "recv"));
    if (queue.to_be_told) {
        queue.to_be_told = false;
        errno = ENOBUFS;
        return -1;
    }
    if (queue.held == 0) {
        char lost[16];
        while (real(fd, lost, sizeof lost, MSG_DONTWAIT) >= 0) {
        }
        queue.held = -1;
    }
    if (queue.held > 0 && (flags & MSG_PEEK) != 0) --queue.held;
    return real(fd, room, size, flags);
}

namespace {

/// A1 to A4 at the ports 1.1 to 1.4 of a hub.
config::settings four_slots(const std::string& product = "") {
    std::string text =
        "[station]\nid = \"s\"\n[cloud]\nendpoint = \"e\"\nca_file = \"c\"\n"
        "claim_certificate_file = \"c\"\nclaim_key_file = \"k\"\n"
        "[[product]]\nname = \"p\"\ntemplate = \"t\"\n" +
        product;
    for (const char* number : {"1", "2", "3", "4"})
        text += std::string("[[slot]]\nname = \"A") + number + "\"\nport = \"pci-0000:00:04.0-usb-0:1." +
                number + "\"\n";
    auto loaded = config::parse(text, "f.toml");
    REQUIRE(loaded.complaints.empty());
    return loaded.value;
}

/// The way of the daemon's own loop, from the watcher to the slots.
struct line {
    explicit line(config::settings with) : settings(std::move(with)) {}

    /// Takes so many events of slots and answers what came of them: "A1 ttyUSB0", "A1 empty".
    std::vector<std::string> changes(std::size_t count) {
        std::vector<std::string> seen;
        while (seen.size() < count) {
            const usb_event event = test::run(context, watcher.next());
            if (event.what == usb_event::kind::overrun) ++overruns;
            if (event.what == usb_event::kind::plugged) {
                const auto place = seats.plugged(event.device);
                if (place.slot == nullptr) {
                    turned_away.push_back(event.device.name);
                    continue;
                }
                sits[place.slot->name.text()] = event.device.name;
                seen.push_back(place.slot->name.text() + " " + event.device.name);
            } else if (event.what == usb_event::kind::unplugged) {
                const auto* slot = seats.unplugged(event.device);
                if (slot == nullptr) continue;
                sits.erase(slot->name.text());
                seen.push_back(slot->name.text() + " empty");
            }
        }
        return seen;
    }

    test::usb_bench usb;
    config::settings settings;
    boost::asio::io_context context;
    serial::udev_watcher watcher{context.get_executor()};
    daemon::fixtures seats{settings};
    std::map<std::string, std::string> sits;
    std::vector<std::string> turned_away;
    int overruns = 0;
};

using texts = std::vector<std::string>;
using seating = std::map<std::string, std::string>;

tty at(const std::string& name, const std::string& port, const std::string& serial = "SN7") {
    tty made;
    made.name = name;
    made.port = port;
    made.serial = serial;
    return made;
}

/// One of the ttys of a debug probe with a board behind it.
tty of_probe(const std::string& name, const std::string& interface) {
    tty made = at(name, "1.2");
    made.interface = interface;
    made.vendor = "1366";
    made.product = "1055";
    return made;
}

}  // namespace

TEST_CASE(
    "of a board's three ttys the one with the product's interface is its console, whichever comes first") {
    line l(four_slots("usb_vendor = \"1366\"\nusb_product = \"1055\"\nusb_interface = \"02\"\n"));
    l.usb.plug(of_probe("ttyACM0", "00"));
    l.usb.plug(of_probe("ttyACM1", "02"));
    l.usb.plug(of_probe("ttyACM2", "04"));
    CHECK(l.changes(1) == texts{"A2 ttyACM1"});
    // Ttys of one device that went away go in any order.
    l.usb.unplug(of_probe("ttyACM2", "04"));
    l.usb.unplug(of_probe("ttyACM0", "00"));
    l.usb.unplug(of_probe("ttyACM1", "02"));
    CHECK(l.changes(1) == texts{"A2 empty"});
    CHECK(l.turned_away == texts{"ttyACM0", "ttyACM2"});

    l.usb.plug(of_probe("ttyACM5", "02"));
    l.usb.plug(of_probe("ttyACM4", "04"));
    l.usb.plug(of_probe("ttyACM3", "00"));
    CHECK(l.changes(1) == texts{"A2 ttyACM5"});
}

TEST_CASE("the two ttys of one board sit in two slots that name their interfaces") {
    auto settings = four_slots();
    settings.slots.at(0).port = settings.slots.at(1).port;
    settings.slots.at(0).interface = "00";
    settings.slots.at(1).interface = "02";
    line l(std::move(settings));
    l.usb.plug(of_probe("ttyACM1", "02"));
    l.usb.plug(of_probe("ttyACM0", "00"));
    CHECK(l.changes(2) == texts{"A2 ttyACM1", "A1 ttyACM0"});
    l.usb.unplug(of_probe("ttyACM0", "00"));
    CHECK(l.changes(1) == texts{"A1 empty"});
    CHECK(l.sits == seating{{"A2", "ttyACM1"}});
}

TEST_CASE("a product takes its own device at a port, not the hub's or the fixture's other one") {
    line l(four_slots("usb_vendor = \"1366\"\nusb_product = \"1055\"\n"));
    l.usb.plug(at("ttyUSB0", "1.2"));  // a programmer
    l.usb.plug(of_probe("ttyACM0", "00"));
    CHECK(l.changes(1) == texts{"A2 ttyACM0"});
    l.usb.unplug(at("ttyUSB0", "1.2"));
    l.usb.unplug(of_probe("ttyACM0", "00"));
    CHECK(l.changes(1) == texts{"A2 empty"});
    CHECK(l.turned_away == texts{"ttyUSB0"});
}

TEST_CASE(
    "a hub that loses its power and gets it back: each board sits where it sat, whatever its tty is called") {
    line l(four_slots());
    for (const char* port : {"1.1", "1.2", "1.3", "1.4"})
        l.usb.plug(at(std::string("ttyUSB") + port[2], port));
    l.changes(4);
    for (const char* port : {"1.4", "1.2", "1.1", "1.3"})
        l.usb.unplug(at(std::string("ttyUSB") + port[2], port));
    // The boards start again faster or slower, and take the names as they come.
    l.usb.plug(at("ttyUSB1", "1.3"));
    l.usb.plug(at("ttyUSB2", "1.1"));
    l.usb.plug(at("ttyUSB3", "1.4"));
    l.usb.plug(at("ttyUSB9", "1.2"));
    CHECK(l.changes(8) == texts{"A4 empty", "A2 empty", "A1 empty", "A3 empty", "A3 ttyUSB1", "A1 ttyUSB2",
                                "A4 ttyUSB3", "A2 ttyUSB9"});
}

TEST_CASE("a board that comes back under another name stays in its slot, told in either order") {
    line l(four_slots());
    l.usb.plug(at("ttyUSB0", "1.1"));
    l.usb.unplug(at("ttyUSB0", "1.1"));
    l.usb.plug(at("ttyUSB1", "1.1"));
    CHECK(l.changes(3) == texts{"A1 ttyUSB0", "A1 empty", "A1 ttyUSB1"});
    // The old tty is held open still, and goes last.
    l.usb.plug(at("ttyUSB2", "1.1"));
    l.usb.unplug(at("ttyUSB1", "1.1"));
    l.usb.plug(at("ttyUSB3", "1.2"));
    CHECK(l.changes(2) == texts{"A1 ttyUSB2", "A2 ttyUSB3"});
    CHECK(l.sits == seating{{"A1", "ttyUSB2"}, {"A2", "ttyUSB3"}});
}

TEST_CASE("two boards that change their places sit in each other's, with the names the other one had") {
    line l(four_slots());
    l.usb.plug(at("ttyUSB0", "1.1", "SN1"));
    l.usb.plug(at("ttyUSB1", "1.2", "SN2"));
    l.changes(2);
    l.usb.unplug(at("ttyUSB0", "1.1"));
    l.usb.unplug(at("ttyUSB1", "1.2"));
    l.usb.plug(at("ttyUSB0", "1.2", "SN1"));
    l.usb.plug(at("ttyUSB1", "1.1", "SN2"));
    CHECK(l.changes(4) == texts{"A1 empty", "A2 empty", "A2 ttyUSB0", "A1 ttyUSB1"});
}

TEST_CASE("a board that is unplugged and plugged again between two looks is one that was unplugged") {
    line l(four_slots());
    l.usb.plug(at("ttyUSB0", "1.1"));
    l.changes(1);
    for (int i = 0; i < 3; ++i) {
        l.usb.unplug(at("ttyUSB0", "1.1"));
        l.usb.plug(at("ttyUSB0", "1.1"));
    }
    CHECK(l.changes(6) ==
          texts{"A1 empty", "A1 ttyUSB0", "A1 empty", "A1 ttyUSB0", "A1 empty", "A1 ttyUSB0"});
}

TEST_CASE("a board that sits there undisturbed is left alone when udev tells of it again") {
    line l(four_slots());
    l.usb.plug(at("ttyUSB0", "1.1"));
    l.changes(1);
    l.usb.tell_again(at("ttyUSB0", "1.1"), "change");
    l.usb.tell_again(at("ttyUSB0", "1.1"), "add");
    l.usb.plug(at("ttyUSB1", "1.2"));
    CHECK(l.changes(1) == texts{"A2 ttyUSB1"});
}

TEST_CASE("what was lost with a queue that ran over is found: boards that came, went, and came again") {
    line l(four_slots());
    l.usb.plug(at("ttyUSB0", "1.1"));
    l.usb.plug(at("ttyUSB1", "1.2"));
    l.usb.plug(at("ttyUSB2", "1.3"));
    l.changes(3);

    l.usb.unplug(at("ttyUSB1", "1.2"));  // the queue holds this one
    l.usb.unplug(at("ttyUSB0", "1.1"));
    l.usb.plug(at("ttyUSB1", "1.2"));
    l.usb.plug(at("ttyUSB3", "1.4"));
    queue = {true, 1};
    // The unplugging that the queue held is older than the board that sits there now.
    CHECK(l.changes(4) == texts{"A1 empty", "A2 empty", "A2 ttyUSB1", "A4 ttyUSB3"});
    CHECK(l.overruns == 1);
    CHECK(l.sits == seating{{"A2", "ttyUSB1"}, {"A3", "ttyUSB2"}, {"A4", "ttyUSB3"}});

    // And it goes on from there.
    l.usb.unplug(at("ttyUSB2", "1.3"));
    CHECK(l.changes(1) == texts{"A3 empty"});
    CHECK(l.overruns == 1);
}

TEST_CASE("a queue that ran over with everything as it was disturbs nobody") {
    line l(four_slots());
    l.usb.plug(at("ttyUSB0", "1.1"));
    l.changes(1);
    l.usb.tell_again(at("ttyUSB0", "1.1"), "change");
    queue = {true, 0};
    const auto event = test::run(l.context, l.watcher.next());
    CHECK(event.what == usb_event::kind::overrun);
    CHECK_FALSE(event.warning.empty());
    l.usb.plug(at("ttyUSB1", "1.2"));
    CHECK(l.changes(1) == texts{"A2 ttyUSB1"});
}
