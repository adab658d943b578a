// SPDX-License-Identifier: Apache-2.0
#include <boost/asio/detached.hpp>
#include <catch2/catch.hpp>

#include "line.hpp"
#include "support/run.hpp"

using namespace fleetline;
using namespace fleetline::test;
using station::slot_state;
using station::start_rule;

namespace {

const slot_name a1{"A1"};
const slot_name a2{"A2"};
const slot_name anywhere{};

std::function<void(station::station_settings&)> product(start_rule start, station::serial_source source) {
    return [start, source](station::station_settings& wanted) {
        wanted.products[0].start = start;
        wanted.products[0].source = source;
    };
}

auto scanned(start_rule start) {
    return product(start, station::serial_source::scan);
}

auto checked_against_usb(start_rule start) {
    return product(start, station::serial_source::usb);
}

/// A board whose USB descriptor says nothing of use.
station::plug unnamed(const std::string& serial) {
    auto what = plug_of(new_board(serial));
    what.usb_serial = "FT4X1Z";
    return what;
}

std::string code_of(const std::function<void()>& act) {
    try {
        act();
    } catch (const failure& why) {
        return std::string(why.code());
    }
    return {};
}

void wait_for(line& one, const slot_name& slot, slot_state state) {
    one.until([&] { return one.slot(slot.text()).state == state; });
}

void wait_for_outcome(line& one, const slot_name& slot) {
    one.until([&] { return one.slot(slot.text()).duration.has_value(); });
}

}  // namespace

TEST_CASE("a board whose number is on its label waits for the scan, and no attempt runs before it",
          "[station]") {
    temporary_directory directory;
    line one(directory.path / "ledger.db", scanned(start_rule::on_scan));
    one.here.plugged(a1, unnamed("SN1"));
    wait_for(one, a1, slot_state::waiting_for_scan);
    CHECK(one.slot().attempt.empty());
    CHECK_THROWS_AS(one.here.retry(a1), failure);

    CHECK(one.here.scan(serial_number{"SN1"}, anywhere) == a1);
    wait_for_outcome(one, a1);

    CHECK(one.slot().state == slot_state::passed);
    CHECK(one.slot().serial == serial_number{"SN1"});
    CHECK(one.here.scan(serial_number{"SN1"}, anywhere) == a1);  // read twice: nothing more happens
    CHECK(one.slot().state == slot_state::passed);
}

TEST_CASE("a board that leaves before its label is read leaves an empty slot and no attempt", "[station]") {
    temporary_directory directory;
    line one(directory.path / "ledger.db", scanned(start_rule::on_scan));
    one.here.plugged(a1, unnamed("SN1"));
    wait_for(one, a1, slot_state::waiting_for_scan);
    one.here.unplugged(a1);
    CHECK(one.slot().state == slot_state::empty);
    CHECK(code_of([&] { (void)one.here.scan(serial_number{"SN1"}, anywhere); }) == "order-scan-unexpected");
}

TEST_CASE("a label that says another number than the board is refused, with both numbers", "[station]") {
    temporary_directory directory;
    line one(directory.path / "ledger.db", checked_against_usb(start_rule::on_scan));
    one.here.plugged(a1, plug_of(new_board("SN1")));
    wait_for(one, a1, slot_state::waiting_for_scan);
    one.here.scan(serial_number{"SN2"}, a1);
    wait_for_outcome(one, a1);

    CHECK(one.slot().state == slot_state::refused);
    CHECK(one.slot().failure_code == "order-serial-mismatch");
    CHECK(one.slot().failure_reason.find("the label says SN2, the board says SN1") != std::string::npos);
    CHECK(one.slot().label_serial == serial_number{"SN2"});
    CHECK(one.slot().board_serial == serial_number{"SN1"});
    CHECK(one.cloud.issue_calls == 0);

    one.here.scan(serial_number{"SN1"}, anywhere);  // the right one, without plugging again
    wait_for(one, a1, slot_state::passed);
    CHECK(one.slot().label_serial.empty());
    CHECK(one.slot().board_serial.empty());
}

TEST_CASE("of several boards that wait, the one whose number the label says takes it", "[station]") {
    temporary_directory directory;
    line one(directory.path / "ledger.db", checked_against_usb(start_rule::on_scan));
    one.here.plugged(a1, plug_of(new_board("SN1")));
    one.here.plugged(a2, plug_of(new_board("SN2")));
    wait_for(one, a2, slot_state::waiting_for_scan);
    CHECK(one.here.scan(serial_number{"SN2"}, anywhere) == a2);
    CHECK(one.here.scan(serial_number{"SN1"}, anywhere) == a1);
    wait_for(one, a1, slot_state::passed);
    wait_for(one, a2, slot_state::passed);
}

TEST_CASE("a label that could be of either board is never guessed", "[station]") {
    temporary_directory directory;
    line one(directory.path / "ledger.db", scanned(start_rule::on_scan));
    one.here.plugged(a1, unnamed("SN1"));
    one.here.plugged(a2, unnamed("SN2"));
    wait_for(one, a1, slot_state::waiting_for_scan);
    wait_for(one, a2, slot_state::waiting_for_scan);
    CHECK(code_of([&] { (void)one.here.scan(serial_number{"SN1"}, anywhere); }) == "order-scan-ambiguous");
    CHECK(code_of([&] { (void)one.here.scan(serial_number{"SN1"}, slot_name{"Z9"}); }) ==
          "station-slot-unknown");
    CHECK(one.here.scan(serial_number{"SN1"}, a1) == a1);
    wait_for(one, a1, slot_state::passed);
    CHECK(one.slot("A2").state == slot_state::waiting_for_scan);
}

TEST_CASE("a label that two boards have is refused for the second", "[station][I6]") {
    temporary_directory directory;
    line one(directory.path / "ledger.db", scanned(start_rule::on_scan));
    one.here.plugged(a1, unnamed("SN1"));
    wait_for(one, a1, slot_state::waiting_for_scan);
    one.here.scan(serial_number{"SN1"}, anywhere);
    wait_for(one, a1, slot_state::passed);
    one.here.plugged(a2, unnamed("SN2"));
    wait_for(one, a2, slot_state::waiting_for_scan);

    CHECK(one.here.scan(serial_number{"SN1"}, a2) == a2);
    wait_for_outcome(one, a2);

    CHECK(one.slot("A2").failure_code == "already-provisioned");
}

TEST_CASE("a label read before its board is kept for the next one, where both orders are allowed",
          "[station]") {
    temporary_directory directory;
    line one(directory.path / "ledger.db", scanned(start_rule::both));
    CHECK(one.here.scan(serial_number{"SN1"}, anywhere) == anywhere);
    CHECK(one.here.scan(serial_number{"SN2"}, a2) == a2);
    one.here.plugged(a2, unnamed("SN2"));
    one.here.plugged(a1, unnamed("SN1"));
    wait_for(one, a1, slot_state::passed);
    wait_for(one, a2, slot_state::passed);
    CHECK(one.slot("A1").serial == serial_number{"SN1"});
    CHECK(one.slot("A2").serial == serial_number{"SN2"});

    // Each label is good for one board.
    one.here.unplugged(a1);
    one.here.plugged(a1, unnamed("SN3"));
    wait_for(one, a1, slot_state::waiting_for_scan);
}

TEST_CASE("a kept label is good for two minutes and not for longer", "[station]") {
    temporary_directory directory;
    line one(directory.path / "ledger.db", scanned(start_rule::both));
    one.here.scan(serial_number{"SN1"}, anywhere);
    one.time.leap(milliseconds{119'000});
    one.here.plugged(a1, unnamed("SN1"));
    wait_for(one, a1, slot_state::passed);
    one.here.unplugged(a1);

    // One that nobody came for is not the next board's: its own is asked for.
    one.here.scan(serial_number{"SN2"}, anywhere);
    one.here.scan(serial_number{"SN3"}, a2);
    one.time.leap(milliseconds{121'000});
    one.here.plugged(a1, unnamed("SN4"));
    one.here.plugged(a2, unnamed("SN5"));
    wait_for(one, a1, slot_state::waiting_for_scan);
    wait_for(one, a2, slot_state::waiting_for_scan);
    one.here.scan(serial_number{"SN4"}, a1);
    wait_for(one, a1, slot_state::passed);
    CHECK(one.slot("A1").serial == serial_number{"SN4"});
    CHECK(one.slot("A2").state == slot_state::waiting_for_scan);
}

TEST_CASE("a label is not kept where the board must come first", "[station]") {
    temporary_directory directory;
    line one(directory.path / "ledger.db", scanned(start_rule::on_scan));
    CHECK(code_of([&] { (void)one.here.scan(serial_number{"SN1"}, a1); }) == "order-scan-unexpected");
}

TEST_CASE("a board that failed too often is refused until an engineer releases it", "[station]") {
    temporary_directory directory;
    line one(directory.path / "ledger.db", [](auto& wanted) { wanted.products[0].failures_allowed = 2; });
    const auto flash = new_board("SN1");
    for (int i = 0; i < 2; ++i) {
        flash->fails["make_csr"] = "device-key-failed";
        CHECK(one.attempt(flash).failure_code == "device-key-failed");
    }
    const auto refused = one.attempt(flash);
    CHECK(refused.failure_code == "order-retest-limit");
    CHECK(refused.state == slot_state::refused);
    CHECK(one.cloud.issue_calls == 0);

    ledger::rework_authorised release;
    release.serial = serial_number{"SN1"};
    release.reason = "new fixture pins";
    release.by = "Kim";
    run(one.io, one.book.append(std::move(release)));

    flash->fails["make_csr"] = "device-key-failed";
    CHECK(one.attempt(flash).failure_code == "device-key-failed");  // counted anew
    CHECK(one.attempt(flash).state == slot_state::passed);
}

TEST_CASE("who is signed on is recorded with the attempt", "[station]") {
    temporary_directory directory;
    const auto file = directory.path / "ledger.db";
    {
        line one(file, [](auto& wanted) { wanted.operator_name = "day shift"; });
        (void)one.attempt(new_board("SN1"));
        run(one.io, one.here.sign_on("OP-17"));
        CHECK(one.here.status().operator_name == "OP-17");
        (void)one.attempt(new_board("SN2"));
        run(one.io, one.here.sign_on(""));
        (void)one.attempt(new_board("SN3"));
    }
    ledger::reader book(file);
    std::vector<std::string> names;
    book.attempts({}, [&](const ledger::attempt_row& row) {
        names.push_back(row.operator_name);
        return true;
    });
    CHECK(names == std::vector<std::string>{"day shift", "OP-17", "day shift"});
}

TEST_CASE("who was signed on at the plug is recorded with every attempt, refused and failed ones too",
          "[station]") {
    temporary_directory directory;
    const auto file = directory.path / "ledger.db";
    {
        line one(file);
        run(one.io, one.here.sign_on("OP-17"));
        CHECK(one.attempt(new_board("toaster")).failure_code == "order-serial-invalid");
        const auto silent = new_board("SN2");
        silent->fails["identify"] = "device-no-answer";
        CHECK(one.attempt(silent).failure_code == "device-no-answer");
        const auto slow = new_board("SN3");
        slow->after = [&](const std::string& step) {
            if (step == "identify")
                boost::asio::co_spawn(one.io, one.here.sign_on("OP-18"), boost::asio::detached);
        };
        CHECK(one.attempt(slow).state == slot_state::passed);
        CHECK(one.here.status().operator_name == "OP-18");
    }
    ledger::reader book(file);
    std::vector<std::string> names;
    book.attempts({}, [&](const ledger::attempt_row& row) {
        names.push_back(row.outcome + " " + row.operator_name);
        return true;
    });
    CHECK(names == std::vector<std::string>{"passed OP-17", "failed OP-17", "refused OP-17"});
    CHECK(book.verify().problems.empty());
}
