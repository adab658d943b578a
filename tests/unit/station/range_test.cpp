// SPDX-License-Identifier: Apache-2.0
// Boards whose serial number the work order hands out.
#include <catch2/catch.hpp>
#include <set>

#include "line.hpp"
#include "support/run.hpp"

using namespace fleetline;
using namespace fleetline::test;
using station::slot_state;

namespace {

void numbered(station::station_settings& wanted) {
    wanted.products[0].source = station::serial_source::range;
}

void open_order(line& one, const std::string& first, const std::string& last, std::int64_t quota = 0) {
    ledger::order_opened opened;
    opened.order = order_name{"WO-1"};
    opened.product = product_name{"widget"};
    opened.quota = quota;
    opened.by = "test";
    opened.first_serial = first;
    opened.last_serial = last;
    run(one.io, one.book.append(std::move(opened)));
}

/// A board that has no number anywhere.
std::shared_ptr<scripted_flash> blank() {
    return new_board("");
}

std::int64_t handed_out(const std::filesystem::path& file) {
    std::int64_t count = 0;
    const ledger::reader book(file);
    book.attempts({}, [&](const ledger::attempt_row& row) {
        for (const auto& event : book.events_of(row.attempt_id))
            count += event.kind == "serial-assigned" ? 1 : 0;
        return true;
    });
    return count;
}

}  // namespace

TEST_CASE("boards plugged at once get numbers of their own", "[station]") {
    temporary_directory directory;
    const auto file = directory.path / "ledger.db";
    line one(file, numbered);
    open_order(one, "SN1", "SN9", 2);
    one.here.plugged(slot_name{"A1"}, plug_of(blank()));
    one.here.plugged(slot_name{"A2"}, plug_of(blank()));
    one.until([&] { return one.slot("A1").duration && one.slot("A2").duration; });
    CHECK(one.slot("A1").state == slot_state::passed);
    CHECK(one.slot("A2").state == slot_state::passed);
    CHECK(std::set<std::string>{one.slot("A1").serial.text(), one.slot("A2").serial.text()} ==
          std::set<std::string>{"SN1", "SN2"});
    CHECK(one.slot("A1").thing.text().find(one.slot("A1").serial.text()) != std::string::npos);
    CHECK(handed_out(file) == 2);
    const auto shown = one.here.status().orders;
    REQUIRE(shown.size() == 1);
    CHECK(shown[0].first_serial + " " + shown[0].next_serial + " " + shown[0].last_serial == "SN1 SN3 SN9");
    one.stop();
    CHECK(ledger::reader(file).verify().problems.empty());
}

TEST_CASE("a board that is plugged again keeps its number, as long as it keeps its key", "[station]") {
    temporary_directory directory;
    const auto file = directory.path / "ledger.db";
    line one(file, numbered);
    open_order(one, "SN1", "SN9");
    const auto flash = blank();
    flash->fails["deliver"] = "device-write-failed";
    const auto failed = one.attempt(flash);
    CHECK(failed.failure_code == "device-write-failed");
    CHECK(failed.serial == serial_number{"SN1"});
    const auto passed = one.attempt(flash, "A2");
    CHECK(passed.state == slot_state::passed);
    CHECK(passed.serial == serial_number{"SN1"});
    const auto again = one.attempt(flash);
    CHECK(again.failure_code == "already-provisioned");
    CHECK(again.serial == serial_number{"SN1"});
    CHECK(one.attempt(blank()).serial == serial_number{"SN2"});
    CHECK(handed_out(file) == 2);
}

TEST_CASE("a number is nobody else's once it is handed out, though the power goes before it is used",
          "[station][I5]") {
    temporary_directory directory;
    const auto file = directory.path / "first.db";
    const auto left = directory.path / "second.db";
    const auto flash = blank();
    bool cut = false;
    {
        line life(file, [&](auto& wanted) {
            numbered(wanted);
            wanted.at_checkpoint = [&](std::string_view at) {
                if (at != "after serial-assigned" || cut) return;
                cut = true;
                for (const auto* suffix : {"", "-wal"})
                    if (std::filesystem::exists(file.string() + suffix))
                        std::filesystem::copy_file(file.string() + suffix, left.string() + suffix);
            };
        });
        open_order(life, "SN1", "SN9");
        CHECK(life.attempt(flash).serial == serial_number{"SN1"});
    }
    REQUIRE(cut);
    line next(left, numbered);
    const auto other = next.attempt(blank());
    CHECK(other.state == slot_state::passed);
    CHECK(other.serial == serial_number{"SN2"});
    next.stop();
    CHECK(ledger::reader(left).verify().problems.empty());
}

TEST_CASE("a board that the order does not want any more costs no number", "[station]") {
    temporary_directory directory;
    const auto file = directory.path / "ledger.db";
    line one(file, numbered);
    CHECK(one.attempt(blank()).failure_code == "order-none-open");
    open_order(one, "SN1", "SN9", 1);
    one.here.plugged(slot_name{"A1"}, plug_of(blank()));
    one.here.plugged(slot_name{"A2"}, plug_of(blank()));
    one.until([&] { return one.slot("A1").duration && one.slot("A2").duration; });
    const auto a1 = one.slot("A1");
    const auto a2 = one.slot("A2");
    CHECK((a1.state == slot_state::passed) != (a2.state == slot_state::passed));
    CHECK(a1.failure_code + a2.failure_code == "order-quota-reached");
    one.here.unplugged(slot_name{"A1"});
    CHECK(one.attempt(blank()).failure_code == "order-quota-reached");
    CHECK(handed_out(file) == 1);
}

TEST_CASE("an order whose numbers are given away refuses the next board, before any cloud call",
          "[station]") {
    temporary_directory directory;
    line one(directory.path / "ledger.db", numbered);
    open_order(one, "SN1", "SN1");
    CHECK(one.attempt(blank()).state == slot_state::passed);
    const auto calls = one.cloud.issue_calls;
    const auto refused = one.attempt(blank());
    CHECK(refused.failure_code == "order-range-exhausted");
    CHECK(refused.state == slot_state::refused);
    CHECK(refused.next_action == "Ask for a work order with more serial numbers.");
    CHECK(one.cloud.issue_calls == calls);
}
