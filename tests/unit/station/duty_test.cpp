// SPDX-License-Identifier: Apache-2.0
// Who is signed on, over restarts and shifts.
#include "station/duty.hpp"

#include <catch2/catch.hpp>
#include <fstream>

#include "line.hpp"
#include "support/run.hpp"

using namespace fleetline;
using namespace fleetline::test;
using station::duty;

namespace {

constexpr milliseconds hour{3'600'000};

struct staff_room {
    temporary_directory directory;
    std::filesystem::path file = directory.path / "signed-on";
    boost::asio::io_context io{1};
    leaping_time time;
    logger log{logger::target::nowhere};

    /// Who is on duty in the station's next life.
    std::string next_life() { return duty("day shift", file, time, log).name(); }
};

}  // namespace

TEST_CASE("a restart in mid-shift makes no anonymous attempts", "[station][duty]") {
    temporary_directory directory;
    const auto file = directory.path / "ledger.db";
    const auto keeps = [&](auto& wanted) { wanted.duty_file = directory.path / "signed-on"; };
    utc_time since;
    {
        line one(file, keeps);
        run(one.io, one.here.sign_on("Kim Öztürk"));
        since = one.here.status().operator_since;
        CHECK(since != utc_time{});
    }
    line again(file, keeps);
    CHECK(again.here.status().operator_name == "Kim Öztürk");
    CHECK(again.here.status().operator_since == since);

    const auto passed = again.attempt(new_board("SN1"));

    ledger::filter wanted;
    wanted.attempt = passed.attempt.text();
    std::string recorded;
    ledger::reader(file).attempts(wanted, [&](const ledger::attempt_row& row) {
        recorded = row.operator_name;
        return true;
    });
    CHECK(recorded == "Kim Öztürk");
}

TEST_CASE("a sign-on ends with the longest shift, in the life it was made in and in a later one",
          "[station][duty]") {
    staff_room here;
    {
        duty staff("day shift", here.file, here.time, here.log);
        run(here.io, staff.sign_on("OP-17"));
        here.time.leap(hour * 15);
        CHECK(staff.name() == "OP-17");
        here.time.leap(hour);
        CHECK(staff.name() == "day shift");
        CHECK(staff.since() == utc_time{});
        run(here.io, staff.sign_on("OP-18"));
    }
    here.time.leap(hour * 10);
    {
        duty staff("day shift", here.file, here.time, here.log);
        CHECK(staff.name() == "OP-18");
        here.time.leap(hour * 6);
        CHECK(staff.name() == "day shift");
    }
    CHECK(here.next_life() == "day shift");
    here.time.leap(hour * -20);  // the clock was set back: nobody loses a sign-on by that
    CHECK(here.next_life() == "OP-18");
}

TEST_CASE("who signed off is not signed on after a restart", "[station][duty]") {
    staff_room here;
    {
        duty staff("day shift", here.file, here.time, here.log);
        run(here.io, staff.sign_on("OP-17"));
        run(here.io, staff.sign_on(""));
        CHECK(staff.name() == "day shift");
    }
    CHECK(here.next_life() == "day shift");
}

TEST_CASE("a broken file of who is signed on is as good as none", "[station][duty]") {
    staff_room here;
    CHECK(here.next_life() == "day shift");
    const std::string now = to_rfc3339(here.time.utc_now());
    const std::vector<std::string> broken{"",
                                          "\n",
                                          "OP-17\n",
                                          now + "\n",
                                          now + " \n",
                                          "yesterday OP-17\n",
                                          now + " a\tb\n",
                                          now + " \xff\n",
                                          now + ' ' + std::string(5000, 'x') + "\n"};
    for (const auto& text : broken) {
        std::ofstream(here.file, std::ios::binary | std::ios::trunc) << text;
        INFO(text);
        CHECK(here.next_life() == "day shift");
    }
    std::ofstream(here.file, std::ios::binary | std::ios::trunc) << now << " OP-17\n";
    CHECK(here.next_life() == "OP-17");
}

TEST_CASE("where who is signed on cannot be kept, it is so for this life", "[station][duty]") {
    staff_room here;
    here.file = here.directory.path / "not-there" / "signed-on";
    {
        duty staff("", here.file, here.time, here.log);
        run(here.io, staff.sign_on("OP-17"));
        CHECK(staff.name() == "OP-17");
    }
    CHECK(here.next_life() == "day shift");
}
