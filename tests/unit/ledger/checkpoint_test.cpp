// SPDX-License-Identifier: Apache-2.0
#include "ledger/checkpoint.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>
#include <system_error>

#include "core/failure.hpp"
#include "ledger/care.hpp"
#include "ledger_fixture.hpp"

using namespace fleetline;
using namespace fleetline::test;
using ledger::stage;

namespace {

struct signing_line : ledger_fixture {
    signing_line() {
        book.reset();
        how.key_directory = directory.path();
        how.checkpoint_file = directory.path() / "outside.jsonl";
        open();
    }
    std::vector<ledger::checkpoint> outside() const {
        return ledger::checkpoints_in(how.checkpoint_file).all;
    }
    std::string seqs_outside() const {
        std::string all;
        for (const auto& one : outside()) all += (all.empty() ? "" : ",") + std::to_string(one.seq);
        return all;
    }
    std::string text_outside() const {
        std::ostringstream text;
        text << std::ifstream(how.checkpoint_file).rdbuf();
        return text.str();
    }
    std::string first_problem(bool with_outside) const {
        const auto found = with_outside ? reader().verify(outside()) : reader().verify();
        return found.problems.empty() ? std::string() : found.problems.front();
    }
};

/// What somebody does who knows how the hashes are made: all of it anew.
void forge(signing_line& line, const std::string& station, bool with_its_key = false) {
    line.book.reset();
    for (const char* ending : {"", "-wal", "-shm"}) std::filesystem::remove(line.how.file.string() + ending);
    auto how = line.how;
    if (with_its_key)
        std::ofstream(line.how.file).flush();  // an empty one is begun anew
    else
        line.how.key_directory.clear();
    line.how.checkpoint_file.clear();
    line.how.station = station;
    line.open();
    board_story(line, "attempt-1", "SN0666").pass();
    line.book.reset();
    line.how = how;
}

}  // namespace

TEST_CASE("the head is signed at a clean end, here and outside", "[ledger][checkpoint]") {
    signing_line line;
    board_story(line, "attempt-1", "SN0001").pass();

    line.book.reset();

    REQUIRE(line.outside().size() == 1);
    CHECK(line.outside().front().seq == 12);
    CHECK(line.outside().front().hash == line.query("SELECT lower(hex(hash)) FROM head"));
    CHECK(line.query("SELECT seq FROM checkpoint") == "12");
    CHECK(line.first_problem(true).empty());
}

TEST_CASE("the head is signed every so many events", "[ledger][checkpoint]") {
    signing_line line;
    line.book.reset();
    line.how.checkpoint_every = 5;
    line.open();

    board_story(line, "attempt-1", "SN0001").pass();
    run(line.io, line.book->flush());

    CHECK(line.query("SELECT count(*) FROM checkpoint") == "2");
}

TEST_CASE("the head is signed every hour in which anything was recorded", "[ledger][checkpoint]") {
    signing_line line;
    line.book.reset();
    line.how.threaded = false;  // in the standing clock's time
    line.open();
    board_story story(line, "attempt-1", "SN0001");
    const auto signed_heads = [&line] { return line.query("SELECT group_concat(seq) FROM checkpoint"); };

    story.start();
    line.clock.utc += std::chrono::minutes{59};
    story.identify();
    CHECK(signed_heads().empty());
    line.clock.utc += std::chrono::minutes{1};
    run(line.io, line.book->flush());
    CHECK(signed_heads() == "2");

    line.clock.utc += std::chrono::hours{3};
    run(line.io, line.book->flush());
    CHECK(signed_heads() == "2");
    story.admit();
    CHECK(signed_heads() == "2,3");
    line.clock.utc += std::chrono::minutes{59};
    story.make_csr();
    CHECK(signed_heads() == "2,3");
    line.clock.utc += std::chrono::minutes{2};
    run(line.io, line.book->flush());
    CHECK(signed_heads() == "2,3,4");
    line.book.reset();
    CHECK(line.outside().size() == 3);
}

TEST_CASE("an export has the head signed at once, and once", "[ledger][checkpoint]") {
    signing_line line;
    board_story(line, "attempt-1", "SN0001").up_to(stage::issued);

    const auto first = run(line.io, line.book->make_checkpoint());
    const auto second = run(line.io, line.book->make_checkpoint());

    CHECK(first.signature == second.signature);
    CHECK(line.query("SELECT count(*) FROM checkpoint") == "1");
}

TEST_CASE("the station's key is its owner's alone, and stays", "[ledger][checkpoint]") {
    signing_line line;
    board_story(line, "attempt-1", "SN0001").up_to(stage::identified);
    line.reopen();
    const auto key = line.directory.path() / "station.key";
    struct stat found {};
    REQUIRE(stat(key.c_str(), &found) == 0);
    const auto made_at = found.st_mtim.tv_nsec;

    board_story(line, "attempt-2", "SN0001").up_to(stage::identified);
    line.book.reset();

    CHECK((found.st_mode & 0777) == 0600);
    REQUIRE(stat(key.c_str(), &found) == 0);
    CHECK(found.st_mtim.tv_nsec == made_at);
    CHECK(line.query("SELECT count(DISTINCT signer) FROM checkpoint") == "1");
}

TEST_CASE("a ledger rewritten or cut after a checkpoint left the machine is found out",
          "[ledger][checkpoint]") {
    signing_line line;
    board_story(line, "attempt-1", "SN0001").pass();
    board_story(line, "attempt-2", "SN0002").pass();
    line.reopen();
    board_story(line, "attempt-3", "SN0003").pass();

    SECTION("made anew from the beginning, with the station's key") {
        const std::string station = GENERATE("line-1", "another-name");
        forge(line, station, true);
        CHECK(line.first_problem(false).empty());
        CHECK(line.first_problem(true).find("event 24 is missing, the ledger was cut short since then") !=
              std::string::npos);
    }
    SECTION("made anew from the beginning, without it") {
        forge(line, "line-1");
        CHECK(line.first_problem(false).empty());
        CHECK(line.first_problem(true).find(
                  "kept outside: it is not signed by this station, who signed it is not known") !=
              std::string::npos);
    }
    SECTION("its checkpoint edited") {
        line.sql("UPDATE checkpoint SET hash = zeroblob(32)");
        CHECK(line.first_problem(false) == "checkpoint 24: its signature does not hold");
    }
    SECTION("an event that was signed replaced") {
        line.sql("DROP TRIGGER event_is_not_changed; UPDATE event SET hash = zeroblob(32) WHERE seq = 24");
        const auto problems = line.reader().verify().problems;
        CHECK(std::count(problems.begin(), problems.end(),
                         "checkpoint 24: event 24 is another one, the ledger was rewritten since then") == 1);
    }
    SECTION("its signature edited") {
        line.sql("UPDATE checkpoint SET signature = replace(signature, substr(signature, 9, 4), 'AAAA')");
        CHECK(line.first_problem(false) == "checkpoint 24: its signature does not hold");
    }
    SECTION("its signer removed") {
        line.sql("PRAGMA foreign_keys = OFF; DELETE FROM signer");
        CHECK(line.first_problem(true) == "checkpoint 24: who signed it is not known");
    }
}

TEST_CASE("a checkpoint that could not leave does so when it can", "[ledger][checkpoint]") {
    signing_line line;
    line.book.reset();
    const auto share = line.directory.path() / "share";
    line.how.checkpoint_file = share / "outside.jsonl";
    line.open();
    board_story(line, "attempt-1", "SN0001").up_to(stage::identified);
    line.reopen();  // there is no such directory yet
    board_story(line, "attempt-2", "SN0002").up_to(stage::identified);
    std::filesystem::create_directory(share);

    line.book.reset();

    REQUIRE(line.outside().size() == 2);
    CHECK(line.outside().front().seq < line.outside().back().seq);
    CHECK(line.first_problem(true).empty());
}

TEST_CASE("a line that the power cut off stays alone: the next ones are whole, and none is there twice",
          "[ledger][checkpoint]") {
    signing_line line;
    board_story(line, "attempt-1", "SN0001").up_to(stage::identified);
    line.reopen();
    board_story(line, "attempt-2", "SN0002").up_to(stage::identified);
    line.book.reset();
    const auto whole = line.text_outside();
    const auto torn_at = whole.find('\n') + 40;  // in the second line
    std::filesystem::resize_file(line.how.checkpoint_file, torn_at);
    CHECK(line.outside().size() == 1);
    CHECK(ledger::checkpoints_in(line.how.checkpoint_file).torn.empty());  // it may be being written

    line.open();
    board_story(line, "attempt-3", "SN0003").up_to(stage::identified);
    line.reopen();
    board_story(line, "attempt-4", "SN0004").up_to(stage::identified);
    line.book.reset();

    const auto found = ledger::checkpoints_in(line.how.checkpoint_file);
    CHECK(line.seqs_outside() == line.query("SELECT group_concat(seq) FROM checkpoint"));
    CHECK(found.all.size() == 4);
    CHECK(found.torn == std::vector<std::size_t>{2});
    CHECK(line.text_outside().starts_with(whole.substr(0, torn_at) + '\n'));
    CHECK(line.first_problem(true).empty());
}

TEST_CASE("heads leave although higher ones are there: of another station, or from before a restore",
          "[ledger][checkpoint]") {
    signing_line line;
    board_story(line, "attempt-1", "SN0001").up_to(stage::identified);
    line.book.reset();
    const auto backup = line.directory.path() / "backup.db";
    ledger::backup(line.how.file, backup);
    line.open();
    board_story(line, "attempt-2", "SN0002").pass();
    line.book.reset();
    CHECK(line.seqs_outside() == "3,15");

    SECTION("restored") {
        ledger::restore(backup, line.how.file);
    }
    SECTION("another station") {
        line.how.key_directory = line.directory.path() / "other";
        std::filesystem::create_directory(line.how.key_directory);
        line.how.file = line.how.key_directory / "ledger.db";
        line.how.station = "line-2";
    }
    line.open();
    board_story(line, "attempt-3", "SN0003").up_to(stage::identified);
    line.book.reset();

    const auto last = line.outside().back();
    CHECK(line.outside().size() == 3);
    CHECK(last.station == line.how.station);
    CHECK(last.hash == line.query("SELECT lower(hex(hash)) FROM head"));
    line.reopen();
    line.book.reset();
    CHECK(line.outside().size() == 3);
}

TEST_CASE("heads of other stations in the file say nothing about this one's ledger", "[ledger][checkpoint]") {
    signing_line line;
    board_story(line, "attempt-1", "SN0001").pass();
    line.book.reset();
    const auto file = line.how.file;
    line.how.key_directory = line.directory.path() / "other";
    std::filesystem::create_directory(line.how.key_directory);
    line.how.file = line.how.key_directory / "ledger.db";
    line.how.station = "line-2";
    line.open();
    board_story(line, "attempt-1", "SN0007").pass();
    board_story(line, "attempt-2", "SN0008").pass();
    line.book.reset();
    auto heads = line.outside();
    REQUIRE(heads.size() == 2);
    REQUIRE(heads.back().station == "line-2");

    auto found = ledger::reader(file).verify(heads);
    CHECK(found.problems == std::vector<std::string>{});
    CHECK(found.of_other_stations == 1);
    CHECK(line.reader().verify(heads).problems == std::vector<std::string>{});

    heads.back().station = "line-1";
    found = ledger::reader(file).verify(heads);
    CHECK(found.of_other_stations == 0);
    REQUIRE(found.problems.size() == 1);
    CHECK(found.problems.front().ends_with(
        "kept outside: it is not signed by this station, who signed it is not known"));
    heads.back().signer = heads.front().signer;
    found = ledger::reader(file).verify(heads);
    REQUIRE(found.problems.size() == 1);
    CHECK(found.problems.front().ends_with(
        "kept outside: it is not signed by this station, its signature does not hold"));
}

TEST_CASE("the heads that the ledger itself has are counted", "[ledger][checkpoint]") {
    signing_line line;
    board_story(line, "attempt-1", "SN0001").up_to(stage::identified);
    CHECK(line.reader().verify().signed_heads == 0);
    line.reopen();
    board_story(line, "attempt-2", "SN0002").pass();
    line.book.reset();

    const auto found = line.reader().verify();
    CHECK(found.signed_heads == 2);
    CHECK(found.last_signed == found.events);
}

TEST_CASE("what is no line of a checkpoint is told, however long it is", "[ledger][checkpoint]") {
    signing_line line;
    board_story(line, "attempt-1", "SN0001").pass();
    line.book.reset();
    const auto whole = line.text_outside();
    const auto in_file = [&line](const std::string& text) {
        std::ofstream(line.how.checkpoint_file, std::ios::binary) << text;
        return ledger::checkpoints_in(line.how.checkpoint_file);
    };

    auto found = in_file("\nhello\nmore\n");
    CHECK(found.all.empty());
    CHECK(found.torn == std::vector<std::size_t>{2, 3});
    CHECK(found.why_torn == "this is not a JSON object");
    for (const std::size_t length : {65'535U, 65'536U, 65'537U, 70'000U, 300'000U}) {
        found = in_file(std::string(length, 'x') + '\n' + whole + std::string(length, ' ') + whole + whole);
        INFO(length);
        CHECK(found.all.size() == 2);
        CHECK(found.torn == std::vector<std::size_t>{1, 3});
        CHECK(found.why_torn == (length > 65'536 ? "it is too long" : "this is not a JSON object"));
        CHECK_FALSE(found.ends_open);
    }
    CHECK(in_file(whole + std::string(70'000, 'x')).ends_open);
    CHECK(in_file("").all.empty());
}

TEST_CASE("checkpoints are read from a regular file alone, and to its end", "[ledger][checkpoint]") {
    const signing_line line;
    const auto pipe = line.directory.path() / "pipe";
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);

    CHECK_THROWS_WITH(ledger::checkpoints_in(pipe), Catch::EndsWith("it is no regular file"));
    CHECK_THROWS_WITH(ledger::checkpoints_in(line.directory.path()), Catch::EndsWith("Is a directory"));
    CHECK_THROWS_WITH(ledger::checkpoints_in(line.directory.path() / "none"),
                      Catch::EndsWith("No such file or directory"));
    CHECK_THROWS_WITH(ledger::checkpoints_in("/proc/self/mem"), Catch::EndsWith("Input/output error"));
}
