// SPDX-License-Identifier: Apache-2.0
// A board that stays in its fixture while the station is started again.
#include <catch2/catch.hpp>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "line.hpp"
#include "station/seating.hpp"

using namespace fleetline;
using namespace fleetline::test;
using station::slot_state;

namespace {

struct fixture {
    std::unique_ptr<line> start(const std::function<void(station::station_settings&)>& change = {}) {
        return std::make_unique<line>(directory.path / "ledger.db", [&](auto& wanted) {
            wanted.seating_file = file;
            if (change) change(wanted);
        });
    }

    station::plug plug(const std::string& plugging = "7001") const {
        auto what = plug_of(flash);
        what.plugging = plugging;
        return what;
    }

    /// What the slot shows once it has an attempt other than `earlier`.
    static station::slot_status shown(line& one, const attempt_id& earlier = {}) {
        one.until([&] { return one.slot().attempt != earlier && one.slot().duration.has_value(); });
        return one.slot();
    }

    std::vector<std::string> outcomes() const {
        std::vector<std::string> found;
        const ledger::reader book(directory.path / "ledger.db");
        ledger::filter oldest_first;
        oldest_first.newest_first = false;
        book.attempts(oldest_first, [&](const ledger::attempt_row& row) {
            found.push_back(row.outcome);
            return true;
        });
        return found;
    }

    void write(const std::string& text) const { std::ofstream(file, std::ios::binary) << text; }

    temporary_directory directory;
    std::filesystem::path file = directory.path / "api.seating";
    std::shared_ptr<scripted_flash> flash = new_board("SN1");
};

using outcomes = std::vector<std::string>;

}  // namespace

TEST_CASE("a board that has passed and stays is shown as passed after a restart, without a new attempt",
          "[station][seating]") {
    fixture f;
    station::slot_status before;
    {
        const auto one = f.start();
        one->here.plugged(slot_name{"A1"}, f.plug());
        before = f.shown(*one);
        REQUIRE(before.state == slot_state::passed);
    }
    const auto one = f.start();
    one->here.plugged(slot_name{"A1"}, f.plug());
    const auto after = f.shown(*one);

    CHECK(after.state == slot_state::passed);
    CHECK(after.attempt == before.attempt);
    CHECK(after.serial == before.serial);
    CHECK(after.thing == before.thing);
    CHECK(after.certificate == before.certificate);
    CHECK(after.duration == before.duration);
    CHECK(after.failure_code.empty());
    CHECK(f.outcomes() == outcomes{"passed"});
}

TEST_CASE("a board that was plugged again, or whose place another took, is tried as ever",
          "[station][seating]") {
    fixture f;
    {
        const auto one = f.start();
        one->here.plugged(slot_name{"A1"}, f.plug());
        REQUIRE(f.shown(*one).state == slot_state::passed);
    }
    {
        const auto one = f.start();
        one->here.plugged(slot_name{"A1"}, f.plug("7002"));
        CHECK(f.shown(*one).failure_code == "already-provisioned");
    }
    f.flash = new_board("SN2");
    const auto one = f.start();
    one->here.plugged(slot_name{"A1"}, f.plug("7003"));
    CHECK(f.shown(*one).serial == serial_number{"SN2"});
    CHECK(f.outcomes() == outcomes{"passed", "refused", "passed"});
}

TEST_CASE("a board that has not passed is tried again after a restart", "[station][seating]") {
    fixture f;
    f.flash->fails["make_csr"] = "device-key-failed";
    {
        const auto one = f.start();
        one->here.plugged(slot_name{"A1"}, f.plug());
        REQUIRE(f.shown(*one).state == slot_state::failed);
    }
    const auto one = f.start();
    one->here.plugged(slot_name{"A1"}, f.plug());
    CHECK(f.shown(*one).state == slot_state::passed);
}

TEST_CASE("the file of who sits where is believed in nothing but that", "[station][seating]") {
    fixture f;
    attempt_id passed;
    {
        const auto one = f.start();
        one->here.plugged(slot_name{"A2"}, f.plug());
        one->until([&] { return one->slot("A2").duration.has_value(); });
        passed = one->slot("A2").attempt;
        REQUIRE(one->slot("A2").state == slot_state::passed);
    }
    const std::vector<std::string> texts{"", std::string("\0\xff\n\n   \n", 8),
                                         "7001 A1\n" + std::string(5000, 'x'), "7001 no-such-attempt A1\n",
                                         "7001 " + passed.text() + " A1\n"};
    const auto& text = texts.at(GENERATE(0U, 1U, 2U, 3U, 4U));
    CAPTURE(text);
    f.write(text);
    f.flash = new_board("SN2");
    const auto one = f.start();
    one->here.plugged(slot_name{"A1"}, f.plug());
    CHECK(f.shown(*one).serial == serial_number{"SN2"});
    CHECK(f.outcomes() == outcomes{"passed", "passed"});
}

TEST_CASE("a pass that a later attempt has undone is not shown again", "[station][seating]") {
    fixture f;
    attempt_id passed;
    {
        const auto one = f.start();
        one->here.plugged(slot_name{"A1"}, f.plug());
        passed = f.shown(*one).attempt;
        ledger::rework_authorised again;
        again.serial = serial_number{"SN1"};
        again.reason = "test";
        again.by = "test";
        one->book.append_later(std::move(again));
        f.flash->fails["deliver"] = "device-write-failed";
        one->here.unplugged(slot_name{"A1"});
        one->here.plugged(slot_name{"A1"}, f.plug("7002"));
        REQUIRE(f.shown(*one, passed).state == slot_state::failed);
    }
    f.write("7001 " + passed.text() + " A1\n");
    const auto one = f.start();
    one->here.plugged(slot_name{"A1"}, f.plug());
    CHECK(f.shown(*one).attempt != passed);
    CHECK(f.outcomes() == outcomes{"passed", "failed", "passed"});
}

TEST_CASE("the label of a board that has passed is not awaited after a restart", "[station][seating]") {
    fixture f;
    const auto by_label = [](station::station_settings& wanted) {
        wanted.products.front().start = station::start_rule::on_scan;
    };
    {
        const auto one = f.start(by_label);
        one->here.plugged(slot_name{"A1"}, f.plug());
        one->until([&] { return one->slot().state == slot_state::waiting_for_scan; });
        one->here.scan(serial_number{"SN1"}, slot_name{});
        REQUIRE(f.shown(*one).state == slot_state::passed);
    }
    const auto one = f.start(by_label);
    one->here.plugged(slot_name{"A1"}, f.plug());
    CHECK(f.shown(*one).state == slot_state::passed);
    CHECK_THROWS_AS(one->here.scan(serial_number{"SN2"}, slot_name{}), failure);
}

TEST_CASE("where nothing can be kept everything goes on", "[station][seating]") {
    fixture f;
    f.file = f.directory.path / "nowhere" / "api.seating";
    const auto one = f.start();
    one->here.plugged(slot_name{"A1"}, f.plug());
    CHECK(f.shown(*one).state == slot_state::passed);
}

TEST_CASE("who sits where is kept, whatever the slot is called", "[station][seating]") {
    fixture f;
    const logger log{logger::target::nowhere};
    {
        station::seating seats(f.file, log);
        seats.note(slot_name{"left row 1"}, "7001", attempt_id{"a"});
        seats.note(slot_name{"A1"}, "7002", attempt_id{"b"});
        seats.note(slot_name{"A1"}, "7003", attempt_id{"c"});
        seats.note(slot_name{"A2"}, "7004", attempt_id{"d"});
        seats.note(slot_name{"A2"}, "", attempt_id{"e"});
    }
    const station::seating seats(f.file, log);
    CHECK(seats.last_attempt(slot_name{"left row 1"}, "7001") == attempt_id{"a"});
    CHECK(seats.last_attempt(slot_name{"A1"}, "7003") == attempt_id{"c"});
    CHECK(seats.last_attempt(slot_name{"A1"}, "7002").empty());
    CHECK(seats.last_attempt(slot_name{"A2"}, "7004").empty());
    CHECK(seats.last_attempt(slot_name{"A2"}, "").empty());
}
