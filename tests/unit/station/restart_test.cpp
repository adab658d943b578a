// SPDX-License-Identifier: Apache-2.0
// A board whose USB is its own goes away with the reset at the end of its attempt, and comes back by itself.
#include <catch2/catch.hpp>

#include "line.hpp"

using namespace fleetline;
using namespace fleetline::test;
using station::slot_state;

namespace {

struct restarting_line {
    explicit restarting_line(const std::function<void(station::station_settings&)>& change = {})
        : one(directory.path / "ledger.db", change) {
        flash->before = [this](const std::string& step) {
            if (step == "finish") flash->restarting = true;
        };
    }

    void pass() {
        one.here.plugged(slot_name{"A1"}, plug_of(flash));
        one.until([this] { return one.slot().duration.has_value(); });
        REQUIRE(one.slot().state == slot_state::passed);
        passed = one.slot().attempt;
    }

    /// A board in the other slot has its whole way meanwhile.
    void let_it_work() { REQUIRE(one.attempt(new_board("SN77"), "A2").state == slot_state::passed); }

    std::string next_code() {
        one.until([this] { return one.slot().attempt != passed && one.slot().duration.has_value(); });
        return one.slot().failure_code;
    }

    temporary_directory directory;
    std::shared_ptr<scripted_flash> flash = new_board("SN1");
    line one;
    attempt_id passed;
};

}  // namespace

TEST_CASE("a board that comes back from the reset at its end keeps its PASS", "[station][restart]") {
    restarting_line l;
    l.pass();
    l.one.here.unplugged(slot_name{"A1"});
    l.one.here.plugged(slot_name{"A1"}, plug_of(l.flash));
    l.let_it_work();
    CHECK(l.one.slot().plugged);
    CHECK(l.one.slot().state == slot_state::passed);
    CHECK(l.one.slot().attempt == l.passed);

    // Once: when it is plugged again after that, it is somebody's doing.
    l.one.here.unplugged(slot_name{"A1"});
    l.one.here.plugged(slot_name{"A1"}, plug_of(l.flash));
    CHECK(l.next_code() == "already-provisioned");
}

TEST_CASE("a board that goes away with its reset has passed, whatever is noticed first",
          "[station][restart]") {
    restarting_line l;
    l.flash->before = [&l](const std::string& step) {
        if (step != "finish") return;
        l.flash->restarting = true;
        l.one.here.unplugged(slot_name{"A1"});
        l.flash->fails["finish"] = "port-gone";
    };
    l.pass();
    l.one.here.plugged(slot_name{"A1"}, plug_of(l.flash));
    l.let_it_work();
    CHECK(l.one.slot().attempt == l.passed);
}

TEST_CASE("a board that is unplugged before it was reset has not passed", "[station][restart]") {
    restarting_line l;
    l.flash->before = nullptr;
    l.flash->fails["finish"] = "port-gone";
    l.one.here.plugged(slot_name{"A1"}, plug_of(l.flash));
    CHECK(l.next_code() == "port-gone");
}

TEST_CASE("another board in the place of one that was reset gets its own attempt", "[station][restart]") {
    restarting_line l;
    l.pass();
    l.one.here.unplugged(slot_name{"A1"});
    l.one.here.plugged(slot_name{"A1"}, plug_of(new_board("SN2")));
    CHECK(l.next_code().empty());
    CHECK(l.one.slot().serial == serial_number{"SN2"});
}

TEST_CASE("a board that comes back late is plugged anew", "[station][restart]") {
    restarting_line l;
    l.pass();
    l.one.here.unplugged(slot_name{"A1"});
    l.one.time.leap(std::chrono::minutes{1});
    l.one.here.plugged(slot_name{"A1"}, plug_of(l.flash));
    CHECK(l.next_code() == "already-provisioned");
}

TEST_CASE("boards without a USB serial number are not taken for one another", "[station][restart]") {
    restarting_line l([](auto& wanted) {
        wanted.products.front().start = station::start_rule::on_scan;
        wanted.products.front().source = station::serial_source::scan;
    });
    const auto nameless = [](const std::shared_ptr<scripted_flash>& flash) {
        auto what = plug_of(flash);
        what.usb_serial.clear();
        return what;
    };
    l.one.here.plugged(slot_name{"A1"}, nameless(l.flash));
    l.one.until([&] { return l.one.slot().state == slot_state::waiting_for_scan; });
    l.one.here.scan(serial_number{"SN1"}, slot_name{});
    CHECK(l.next_code().empty());
    l.one.here.unplugged(slot_name{"A1"});
    l.one.here.plugged(slot_name{"A1"}, nameless(new_board("SN2")));
    l.one.until([&] { return l.one.slot().state == slot_state::waiting_for_scan; });
    CHECK(l.one.slot().serial.empty());
}

TEST_CASE("a label that is read while the last board restarts is the next board's", "[station][restart]") {
    restarting_line l([](auto& wanted) { wanted.products.front().start = station::start_rule::both; });
    l.one.here.scan(serial_number{"SN1"}, slot_name{"A1"});
    l.pass();
    l.one.here.unplugged(slot_name{"A1"});
    l.one.here.scan(serial_number{"SN2"}, slot_name{"A1"});
    l.one.here.plugged(slot_name{"A1"}, plug_of(l.flash));
    l.one.here.unplugged(slot_name{"A1"});
    l.one.here.plugged(slot_name{"A1"}, plug_of(new_board("SN2")));
    CHECK(l.next_code().empty());
    CHECK(l.one.slot().serial == serial_number{"SN2"});
}
