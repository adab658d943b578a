// SPDX-License-Identifier: Apache-2.0
// Whatever the disk does, at whichever of its calls: what was acknowledged stays, and the file opens again.
// FLEETLINE_STORAGE_FAULTS=all tries every single call; the usual run a part of them.
#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include <boost/asio/co_spawn.hpp>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <functional>
#include <map>

#include "core/failure.hpp"
#include "ledger_fixture.hpp"
#include "support/faulty_disk.hpp"

using namespace fleetline;
using namespace fleetline::test;

namespace {

bool all_of_them() {
    const char* wanted = std::getenv("FLEETLINE_STORAGE_FAULTS");
    return wanted != nullptr && std::string(wanted) == "all";
}

/// Some boards' work on a disk that may fail; whatever throws is tried again, as a station's slots would.
class storage_story {
  public:
    storage_story() {
        how_.file = "/ledger.db";
        how_.station = "line-1";
        how_.threaded = false;
        how_.vfs = disk.name();
    }

    /// False when the power went.
    bool tell() {
        for (int board = 0; board < 3; ++board) {
            if (!open()) return false;
            for (int step = 0; step < 5; ++step)
                if (!record(board, step)) return false;
            book_.reset();  // its end writes the log back into the file
            if (disk.off()) return false;
        }
        return true;
    }

    /// As tell(), up to the first failure.
    void tell_until_trouble() {
        for (int board = 0; board < 3; ++board) {
            for (int step = 0; step < 5; ++step) {
                if (book_ == nullptr && !open()) return;
                if (!codes_.empty() || !record(board, step, 1)) return;
            }
            book_.reset();
        }
    }

    /// The process ends without another word, and the disk is well from now on.
    void kill() {
        disk.power_cut_now();
        book_.reset();
        disk.program_starts_again();
        ++life_;
    }

    /// Starts the machine again and looks: the problem, or nothing.
    std::string found_after_restart(std::uint32_t seed) {
        book_.reset();
        disk.power_cut_now();
        disk.power_on(seed);
        try {
            book_ = std::make_unique<ledger::ledger>(how_, io_.get_executor(), clock_, log_);
        } catch (const failure& why) {
            return std::string("it does not open again: ") + why.what();
        }
        book_.reset();
        if (const auto lost = what_is_lost(); !lost.empty()) return lost;
        const auto found = ledger::reader("/ledger.db", disk.name()).verify();
        return found.problems.empty() ? std::string() : found.problems.front();
    }

    std::size_t acknowledged() const { return acknowledged_.size(); }
    const std::vector<std::string>& codes() const { return codes_; }

    faulty_disk disk;

  private:
    bool open() {
        for (int tries = 0; tries < 10 && !disk.off(); ++tries) try {
                book_ = std::make_unique<ledger::ledger>(how_, io_.get_executor(), clock_, log_);
                return true;
            } catch (const failure& why) {
                codes_.push_back(why.code());
            }
        return false;
    }

    /// An event cannot be copied (it may hold a token): made anew for each try.
    ledger::event event_of(int board, int step) const {
        const int number = life_ * 3 + board;
        const attempt_id id("attempt-" + std::to_string(number));
        ledger::attempt_started started;
        started.attempt = id;
        if (step == 0) return started;
        const certificate_id certificate(std::string(64, static_cast<char>('a' + number)));
        ledger::issued made;
        made.attempt = id;
        made.certificate = certificate;
        made.certificate_pem = std::string(900, 'x');
        made.ownership_token = secret("a token");
        if (step == 1) return made;
        ledger::registered told;
        told.attempt = id;
        told.certificate = certificate;
        told.thing = thing_name("thing");
        if (step == 2) return told;
        ledger::attempt_finished ended;
        ended.attempt = id;
        ended.outcome = "passed";
        if (step == 3) return ended;
        return ledger::station_stopped{"x"};
    }

    bool record(int board, int step, int most = 10) {
        clock_.utc += milliseconds{7};
        for (int tries = 0; tries < most && !disk.off(); ++tries) try {
                const auto receipt = run(io_, book_->append(event_of(board, step)));
                acknowledged_[receipt.seq] = receipt.hash;
                return true;
            } catch (const failure& why) {
                codes_.push_back(why.code());
            }
        return false;
    }

    std::string what_is_lost() {
        SQLite::Database file(std::string("/ledger.db"), SQLite::OPEN_READONLY, 0, disk.name());
        for (const auto& [seq, hash] : acknowledged_) {
            SQLite::Statement row(file, "SELECT lower(hex(hash)) FROM event WHERE seq = ?");
            row.bind(1, seq);
            if (!row.executeStep() || row.getColumn(0).getString() != hash)
                return "event " + std::to_string(seq) + " was acknowledged, and is lost";
        }
        return {};
    }

    ledger::options how_;
    boost::asio::io_context io_{1};
    standing_clock clock_;
    logger log_{logger::target::nowhere};
    std::unique_ptr<ledger::ledger> book_;
    std::map<std::int64_t, std::string> acknowledged_;
    std::vector<std::string> codes_;
    int life_ = 0;
};

std::int64_t calls_of(fault kind) {
    storage_story story;
    story.disk.set(kind, -1000);
    REQUIRE(story.tell());
    return story.disk.calls();
}

/// One story for each call that can be hit, or every `step`-th.
template <class Check>
void at_every_call(fault kind, std::int64_t step, Check check) {
    const auto calls = calls_of(kind);
    if (all_of_them()) step = 1;
    for (std::int64_t call = calls % step; call < calls; call += step) check(call);
}

}  // namespace

TEST_CASE("on a disk that does not fail, nothing fails", "[ledger][storage]") {
    storage_story story;

    CHECK(story.tell());
    CHECK(story.acknowledged() == 15);
    CHECK(story.found_after_restart(1) == "");
    CHECK(story.codes().empty());
}

TEST_CASE("a power cut at any call to the disk loses nothing that was acknowledged", "[ledger][storage]") {
    at_every_call(fault::power_cut, 5, [](std::int64_t call) {
        const auto seeds = all_of_them() ? 8U : 1U;
        for (std::uint32_t seed = 0; seed < seeds; ++seed) {
            storage_story story;
            story.disk.set(fault::power_cut, call);
            CAPTURE(call, seed);
            REQUIRE_FALSE(story.tell());
            REQUIRE(story.found_after_restart(seed + static_cast<std::uint32_t>(call)) == "");
        }
    });
}

TEST_CASE("a write, a sync or a read that fails is named, loses nothing, and is over when the disk is well",
          "[ledger][storage]") {
    const auto kind = GENERATE(fault::short_write, fault::failed_sync, fault::failed_read);
    const auto step = kind == fault::failed_sync ? 1 : 7;
    at_every_call(kind, step, [kind](std::int64_t call) {
        storage_story story;
        story.disk.set(kind, call, 1 + static_cast<int>(call % 3));
        CAPTURE(static_cast<int>(kind), call);

        REQUIRE(story.tell());

        for (const auto& code : story.codes()) REQUIRE(code == "station-ledger-unwritable");
        REQUIRE(story.acknowledged() == 15);
        REQUIRE(story.found_after_restart(static_cast<std::uint32_t>(call)) == "");
    });
}

TEST_CASE("a failed sync, a restart, and then a power cut at any call lose nothing", "[ledger][storage]") {
    const auto syncs = calls_of(fault::failed_sync);
    for (std::int64_t sync = all_of_them() ? 0 : 1; sync < syncs; sync += all_of_them() ? 1 : 4) {
        for (std::int64_t call = 0;; call += all_of_them() ? 1 : 8) {
            storage_story story;
            story.disk.set(fault::failed_sync, sync, 1);
            story.tell_until_trouble();
            story.kill();
            story.disk.set(fault::power_cut, call);
            const bool power_stayed = story.tell();
            CAPTURE(sync, call);
            REQUIRE(story.found_after_restart(static_cast<std::uint32_t>(call)) == "");
            if (power_stayed) break;
        }
    }
}

TEST_CASE(
    "what nobody waits for stays, in its order, when the disk fails while an impossible event is looked for",
    "[ledger][storage]") {
    const auto kind = GENERATE(fault::short_write, fault::failed_sync, fault::failed_read);
    const int times = GENERATE(1, 2, 4);
    bool struck = true;
    for (std::int64_t call = 0; struck; ++call) {
        CAPTURE(static_cast<int>(kind), times, call);
        faulty_disk disk;
        boost::asio::io_context io{1};
        standing_clock clock;
        const logger log{logger::target::nowhere};
        std::vector<std::function<void()>> turns;
        ledger::options how;
        how.file = "/ledger.db";
        how.station = "line-1";
        how.threaded = false;
        how.vfs = disk.name();
        how.schedule = [&turns](milliseconds, std::function<void()> turn) {
            turns.push_back(std::move(turn));
        };
        ledger::ledger book(how, io.get_executor(), clock, log);
        const attempt_id id("attempt-1");
        ledger::identified who;
        who.attempt = id;
        who.serial = serial_number("SN0001");
        ledger::admitted admitted;
        admitted.attempt = id;
        admitted.serial = who.serial;
        ledger::csr_made made;
        made.attempt = id;

        book.append_later(ledger::order_closed{order_name("that nobody opened"), "Lin"});
        book.append_later(ledger::attempt_started{id, slot_name("A1"), "usb-1", product_name("meter")});
        book.append_later(std::move(who));
        book.append_later(ledger::order_closed{order_name("that nobody opened"), "Lin"});
        book.append_later(std::move(admitted));
        book.append_later(std::move(made));
        disk.set(kind, call, times);
        REQUIRE(turns.size() == 1);
        turns.front()();
        struck = disk.has_struck();
        disk.set(fault::none, 0);
        bool durable = false;
        boost::asio::co_spawn(io, book.flush(),
                              [&durable](const std::exception_ptr& why) { durable = !why; });
        io.poll();
        turns.back()();
        io.restart();
        io.poll();

        REQUIRE(durable);
        std::vector<std::string> kinds;
        for (const auto& row : ledger::reader("/ledger.db", disk.name()).events_of("attempt-1"))
            kinds.push_back(row.kind);
        REQUIRE(kinds == std::vector<std::string>{"attempt-started", "identified", "admitted", "csr-made"});
    }
}
