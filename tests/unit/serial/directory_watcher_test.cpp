// SPDX-License-Identifier: Apache-2.0
#include "serial/directory_watcher.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <set>

#include "unit/serial/pty.hpp"

namespace fs = std::filesystem;
using namespace fleetline;
using fleetline::serial::directory_watcher;
using fleetline::serial::usb_event;
using fleetline::test::pty;

namespace {

struct temporary_directory {
    temporary_directory() {
        char name[] = "/tmp/fleetline-usb-XXXXXX";
        path = mkdtemp(name);
    }
    ~temporary_directory() { fs::remove_all(path); }
    fs::path path;
};

struct bench {
    boost::asio::io_context context;
    temporary_directory place;
    fs::path usb = place.path / "usb";
    pty line{context.get_executor()};
    pty other{context.get_executor()};

    bench() { fs::create_directory(usb); }

    void describe(const std::string& name, const std::string& json) {
        std::ofstream(usb / (name + ".json")) << json;
    }
    void plug(const std::string& name) { fs::create_symlink(line.path(), usb / name); }
    usb_event next(directory_watcher& watcher) { return test::run(context, watcher.next()); }

    /// That nothing is waiting: a marker comes first.
    void nothing_before_marker(directory_watcher& watcher) {
        fs::create_symlink(other.path(), usb / "marker");
        CHECK(next(watcher).device.name == "marker");
    }
};

constexpr const char* full =
    R"({"id_path": "pci-0-usb-0:1:1.0", "vendor_id": "0483", "product_id": "374e",
        "serial": "SN7", "interface": "02", "more": [1]})";

}  // namespace

TEST_CASE("one plugging of a board is told from the next, and is the same for the next watcher") {
    bench b;
    b.describe("A1", full);
    b.plug("A1");
    std::string first;
    {
        directory_watcher watcher(b.context.get_executor(), b.usb);
        first = b.next(watcher).device.plugging;
        CHECK_FALSE(first.empty());
    }
    directory_watcher watcher(b.context.get_executor(), b.usb);
    CHECK(b.next(watcher).device.plugging == first);
    fs::create_symlink(b.line.path(), b.usb / ".made");  // beside it, so that it is another inode
    fs::rename(b.usb / ".made", b.usb / "A1");
    CHECK(b.next(watcher).what == usb_event::kind::unplugged);
    const auto again = b.next(watcher).device.plugging;
    CHECK_FALSE(again.empty());
    CHECK(again != first);
}

TEST_CASE("a link that was there before the start is a plugged board, with what its description says") {
    bench b;
    b.describe("A1", full);
    b.plug("A1");
    directory_watcher watcher(b.context.get_executor(), b.usb);
    const auto event = b.next(watcher);
    CHECK(event.what == usb_event::kind::plugged);
    CHECK(event.warning.empty());
    CHECK(event.device.name == "A1");
    CHECK(event.device.node == (b.usb / "A1").string());
    CHECK(event.device.id_path == "pci-0-usb-0:1:1.0");
    CHECK(event.device.interface == "02");
    CHECK(event.device.vendor_id == "0483");
    CHECK(event.device.product_id == "374e");
    CHECK(event.device.serial == "SN7");
}

TEST_CASE("a new link is a plugged board, removing it unplugs") {
    bench b;
    directory_watcher watcher(b.context.get_executor(), b.usb);
    b.describe("A1", full);
    b.plug("A1");
    CHECK(b.next(watcher).what == usb_event::kind::plugged);
    fs::remove(b.usb / "A1");
    const auto event = b.next(watcher);
    CHECK(event.what == usb_event::kind::unplugged);
    CHECK(event.device.id_path == "pci-0-usb-0:1:1.0");
}

TEST_CASE("a link that is replaced unplugs and plugs, however it is done") {
    bench b;
    b.describe("A1", full);
    b.plug("A1");
    directory_watcher watcher(b.context.get_executor(), b.usb);
    CHECK(b.next(watcher).what == usb_event::kind::plugged);
    SECTION("renamed over") {
        fs::create_symlink(b.other.path(), b.usb / ".new");
        fs::rename(b.usb / ".new", b.usb / "A1");
    }
    SECTION("removed and made again, to the same tty") {
        fs::remove(b.usb / "A1");
        b.plug("A1");
    }
    CHECK(b.next(watcher).what == usb_event::kind::unplugged);
    CHECK(b.next(watcher).what == usb_event::kind::plugged);
    b.nothing_before_marker(watcher);
}

TEST_CASE("a board without a good description is plugged with a warning") {
    bench b;
    std::string json = GENERATE(as<std::string>{}, "", "{", "[]", "{\"id_path\": 7}", "{\"serial\": \"x\"}",
                                "{\"id_path\": \"p\", \"vendor_id\": {}}", std::string(100'000, '['));
    if (!json.empty()) b.describe("A1", json);
    b.plug("A1");
    directory_watcher watcher(b.context.get_executor(), b.usb);
    const auto event = b.next(watcher);
    CHECK(event.what == usb_event::kind::plugged);
    CHECK(event.device.name == "A1");
    CHECK_FALSE(event.warning.empty());
}

TEST_CASE("a description that comes after its link is still taken") {
    bench b;
    directory_watcher watcher(b.context.get_executor(), b.usb);
    b.plug("A1");
    CHECK_FALSE(b.next(watcher).warning.empty());
    b.describe("A1", full);
    CHECK(b.next(watcher).what == usb_event::kind::unplugged);
    const auto event = b.next(watcher);
    CHECK(event.what == usb_event::kind::plugged);
    CHECK(event.device.serial == "SN7");
}

TEST_CASE("dangling links, plain files and directories are no boards") {
    bench b;
    fs::create_symlink("/dev/pts/none", b.usb / "dangling");
    fs::create_symlink(b.usb / "loop", b.usb / "loop");
    std::ofstream(b.usb / "file") << "x";
    fs::create_directory(b.usb / "directory");
    directory_watcher watcher(b.context.get_executor(), b.usb);
    b.nothing_before_marker(watcher);
    fs::remove(b.usb / "dangling");
    fs::create_symlink("/dev/pts/none", b.usb / "dangling2");
    b.plug("dangling");
    CHECK(b.next(watcher).device.name == "dangling");
}

TEST_CASE("numbers in a description are read as udev writes them") {
    bench b;
    b.describe("A1", R"({"id_path": "p", "vendor_id": 1155, "product_id": 14158, "interface": 2})");
    b.plug("A1");
    directory_watcher watcher(b.context.get_executor(), b.usb);
    const auto event = b.next(watcher);
    CHECK(event.device.vendor_id == "0483");
    CHECK(event.device.product_id == "374e");
    CHECK(event.device.interface == "02");
}

TEST_CASE("the directory is made when it is not there") {
    bench b;
    directory_watcher watcher(b.context.get_executor(), b.place.path / "new" / "usb");
    CHECK(fs::is_directory(b.place.path / "new" / "usb"));
}

TEST_CASE("a directory that goes away while it is watched is a failure, not silence") {
    bench b;
    directory_watcher watcher(b.context.get_executor(), b.usb);
    fs::remove_all(b.usb);
    CHECK(test::code_of(b.context, watcher.next()) == "station-configuration");
}

TEST_CASE("a path that cannot be watched is a mistake of the configuration") {
    boost::asio::io_context context;
    try {
        directory_watcher watcher(context.get_executor(), "/proc/version/usb");
        FAIL("it was watched");
    } catch (const failure& error) {
        CHECK(error.code() == "station-configuration");
    }
}

TEST_CASE("hundreds of boards at once are all seen, none twice") {
    bench b;
    directory_watcher watcher(b.context.get_executor(), b.usb);
    for (int i = 0; i < 400; ++i) {
        b.describe("B" + std::to_string(i), full);
        b.plug("B" + std::to_string(i));
    }
    std::set<std::string> seen;
    for (int i = 0; i < 400; ++i) CHECK(seen.insert(b.next(watcher).device.name).second);
    b.nothing_before_marker(watcher);
}
