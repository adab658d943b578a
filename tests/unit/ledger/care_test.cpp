// SPDX-License-Identifier: Apache-2.0
// Copies, older versions, and what is dropped after a time.
#include "ledger/care.hpp"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <fstream>
#include <future>
#include <memory>
#include <sstream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "core/failure.hpp"
#include "ledger/migrations.hpp"
#include "ledger_fixture.hpp"

using namespace fleetline;
using namespace fleetline::test;
using ledger::stage;

namespace {

template <class What>
std::string code_of(What what) {
    try {
        what();
    } catch (const failure& why) {
        return why.code();
    }
    return {};
}

std::string content_of(const std::filesystem::path& file) {
    std::ifstream from(file, std::ios::binary);
    std::ostringstream text;
    text << from.rdbuf();
    return text.str();
}

/// In the place of the line's: tests/data/ledger has one of each version before the newest.
void older_ledger(ledger_fixture& line, int version) {
    line.book.reset();
    for (const char* ending : {"", "-wal", "-shm"}) std::filesystem::remove(line.how.file.string() + ending);
    const auto text =
        content_of(FLEETLINE_SOURCE_DIR "/tests/data/ledger/version-" + std::to_string(version) + ".sql");
    SQLite::Database(line.how.file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE).exec(text);
}

}  // namespace

namespace {

std::string first_bytes_of(const std::filesystem::path& file) {
    std::string bytes(20, '\0');
    std::ifstream(file, std::ios::binary).read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return bytes;
}

/// With its log: who may not write would take one without for a file that nobody writes.
bool is_as_the_station_keeps_it(const std::filesystem::path& ledger) {
    const std::string header = first_bytes_of(ledger);
    return header.at(18) == 2 && header.at(19) == 2 && std::filesystem::exists(ledger.string() + "-wal") &&
           std::filesystem::exists(ledger.string() + "-shm");
}

}  // namespace

TEST_CASE("a backup made while the station works is whole, verified and without tokens", "[ledger][care]") {
    ledger_fixture line;
    board_story(line, "attempt-1", "SN0001").pass();
    board_story story(line, "attempt-2", "SN0002");
    story.up_to(stage::issued);
    const auto copy = line.directory.path() / "copy.db";

    const auto found = ledger::backup(line.how.file, copy);
    story.request_registration();

    CHECK(found.events == 18);
    CHECK(ledger::reader(copy).verify().problems.empty());
    CHECK(content_of(copy).find("token-of-attempt-2") == std::string::npos);
    CHECK_FALSE(std::filesystem::exists(copy.string() + ".new"));
    CHECK(ledger::backup(line.how.file, copy).events == 19);
    const auto other = line.directory.path() / "other.db";
    std::ofstream(other) << "hello";
    CHECK(code_of([&] { ledger::backup(line.how.file, other); }) == "station-ledger-unwritable");
    CHECK(code_of([&] { ledger::backup(line.how.file, line.how.file); }) == "station-ledger-unwritable");
    CHECK(content_of(other) == "hello");
}

TEST_CASE("a backup made while boards are passing is of one moment", "[ledger][care]") {
    ledger_fixture line;
    for (int i = 0; i < 40; ++i)
        board_story(line, "early-" + std::to_string(i), "SN" + std::to_string(i)).pass();
    const auto copy = line.directory.path() / "copy.db";
    const auto recorded = [&line] { return line.reader().head().seq; };
    std::atomic<bool> over = false;
    std::int64_t before = 0;
    std::int64_t after = 0;
    ledger::verification found;
    // Until one was overtaken by the writer, whose events go on all the time.
    auto backups = std::async(std::launch::async, [&] {
        const auto end = std::shared_ptr<void>(nullptr, [&over](void*) { over = true; });
        while (before == after) {
            before = recorded();
            found = ledger::backup(line.how.file, copy);
            after = recorded();
        }
    });
    for (int i = 0; !over; ++i)
        board_story(line, "late-" + std::to_string(i), "SN-late-" + std::to_string(i)).pass();
    backups.get();

    CHECK(found.problems == std::vector<std::string>{});
    CHECK(found.events >= before);
    CHECK(found.events <= after);
    const ledger::reader held(copy);
    CHECK(held.head().seq == found.events);
    CHECK(held.head().hash ==
          line.query("SELECT lower(hex(hash)) FROM event WHERE seq = " + std::to_string(found.events)));
    CHECK(line.reader().verify().problems == std::vector<std::string>{});
}

TEST_CASE("a restored ledger goes on where the backup was made", "[ledger][care]") {
    ledger_fixture line;
    board_story(line, "attempt-1", "SN0001").pass();
    const auto copy = line.directory.path() / "copy.db";
    ledger::backup(line.how.file, copy);
    board_story(line, "attempt-2", "SN0002").pass();

    CHECK(code_of([&] { ledger::restore(copy, line.how.file); }) == "station-ledger-busy");
    line.book.reset();
    const auto done = ledger::restore(copy, line.how.file);
    CHECK(done.restored.events == 12);
    CHECK(done.kept == line.how.file.string() + ".before-restore");
    CHECK(done.replaced_events == 24);
    CHECK(done.lost_events == 12);
    CHECK(is_as_the_station_keeps_it(line.how.file));
    line.open();

    CHECK(line.device("SN0001").reached == stage::passed);
    CHECK(line.device("SN0002").reached == stage::none);
    CHECK_NOTHROW(board_story(line, "attempt-3", "SN0003").pass());
    CHECK(line.reader().verify().problems.empty());
    CHECK(ledger::reader(line.how.file.string() + ".before-restore").verify().events == 24);
}

TEST_CASE("no restore takes away what an earlier one has kept, and each says what its ledger lacks",
          "[ledger][care]") {
    ledger_fixture line;
    board_story(line, "attempt-1", "SN0001").pass();
    const auto first = line.directory.path() / "first.db";
    const auto second = line.directory.path() / "second.db";
    ledger::backup(line.how.file, first);
    board_story(line, "attempt-2", "SN0002").pass();
    ledger::backup(line.how.file, second);
    board_story(line, "attempt-3", "SN0003").up_to(stage::identified);
    line.book.reset();
    const auto kept = [](const ledger::restoration& done) {
        REQUIRE(done.replaced_events);
        return done.kept.filename().string() + ' ' + std::to_string(*done.replaced_events) + ' ' +
               std::to_string(done.lost_events);
    };

    CHECK(kept(ledger::restore(first, line.how.file)) == "ledger.db.before-restore 27 15");
    CHECK(kept(ledger::restore(second, line.how.file)) == "ledger.db.before-restore-2 12 0");
    CHECK(kept(ledger::restore(first, line.how.file)) == "ledger.db.before-restore-3 24 12");
    line.open();
    board_story(line, "another-2", "SN0002").up_to(stage::identified);
    line.book.reset();
    CHECK(kept(ledger::restore(second, line.how.file)) == "ledger.db.before-restore-4 15 3");

    CHECK(line.reader().head().seq == 24);
    CHECK(ledger::reader(line.how.file.string() + ".before-restore").head().seq == 27);
    CHECK(ledger::reader(line.how.file.string() + ".before-restore-4").verify().problems.empty());
    std::filesystem::remove(line.how.file);
    CHECK(ledger::restore(second, line.how.file).kept.empty());
}

TEST_CASE("a directory is no backup, and takes no backup", "[ledger][care]") {
    const ledger_fixture line;
    const auto directory = line.directory.path() / "backups";
    std::filesystem::create_directory(directory);
    const auto is_told = Catch::Contains(directory.string() + ": it is a directory");

    CHECK_THROWS_WITH(ledger::restore(directory, line.directory.path() / "other.db"), is_told);
    CHECK_THROWS_WITH(ledger::backup(line.how.file, directory), is_told);
}

TEST_CASE("whoever reads a restored ledger does not keep the station from opening it", "[ledger][care]") {
    ledger_fixture line;
    board_story(line, "attempt-1", "SN0001").pass();
    const auto copy = line.directory.path() / "copy.db";
    ledger::backup(line.how.file, copy);
    line.book.reset();
    ledger::restore(copy, line.how.file);
    CHECK_FALSE(std::filesystem::exists(line.how.file.string() + ".new-wal"));

    const auto reader = line.reader();
    reader.hold_still();

    REQUIRE_NOTHROW(line.open());
    CHECK_NOTHROW(board_story(line, "attempt-2", "SN0002").pass());
    CHECK(reader.head().seq == 12);
}

TEST_CASE("while a backup is restored there is a ledger at every moment", "[ledger][care]") {
    ledger_fixture line;
    board_story(line, "attempt-1", "SN0001").pass();
    const auto copy = line.directory.path() / "copy.db";
    ledger::backup(line.how.file, copy);
    board_story(line, "attempt-2", "SN0002").pass();
    line.book.reset();
    const int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    REQUIRE(inotify_add_watch(watch, line.directory.path().c_str(), IN_MOVE | IN_CREATE | IN_DELETE) >= 0);

    ledger::restore(copy, line.how.file);

    std::vector<std::string> told;
    alignas(inotify_event) char some[65536];
    const auto count = read(watch, some, sizeof some);
    close(watch);
    for (ssize_t at = 0; at < count;) {
        const auto* one = reinterpret_cast<const inotify_event*>(some + at);
        const std::string name = one->name;
        if (name == "ledger.db" || name == "ledger.db.before-restore")
            told.push_back(((one->mask & IN_MOVED_TO) != 0 ? "here: "
                            : (one->mask & IN_CREATE) != 0 ? "made: "
                                                           : "gone: ") +
                           name);
        at += static_cast<ssize_t>(sizeof *one) + one->len;
    }
    CHECK(told == std::vector<std::string>{"made: ledger.db.before-restore", "here: ledger.db"});
    CHECK(line.reader().head().seq == 12);
    CHECK(ledger::reader(line.how.file.string() + ".before-restore").head().seq == 24);
}

TEST_CASE("the log of a ledger that is no more is not the restored one's", "[ledger][care]") {
    const bool damaged = GENERATE(true, false);
    ledger_fixture line;
    board_story(line, "attempt-1", "SN0001").pass();
    const auto copy = line.directory.path() / "copy.db";
    ledger::backup(line.how.file, copy);
    board_story(line, "attempt-2", "SN0002").pass();
    const auto log = line.how.file.string() + "-wal";
    std::filesystem::copy_file(log, log + ".kept");
    line.book.reset();
    std::filesystem::rename(log + ".kept", log);  // as after a crash
    if (damaged)
        std::ofstream(line.how.file) << std::string(8192, 'x');
    else
        std::filesystem::remove(line.how.file);

    ledger::restore(copy, line.how.file);

    CHECK(line.reader().head().seq == 12);
    CHECK(line.reader().verify().problems == std::vector<std::string>{});
    // Into a file, damaged as it is, SQLite has put it.
    CHECK(std::filesystem::exists(line.how.file.string() + ".before-restore-wal") == !damaged);
}

TEST_CASE("a ledger with a wrong index is no backup, and is restored with a right one", "[ledger][care]") {
    ledger_fixture line;
    board_story(line, "attempt-1", "SN0001").pass();
    board_story(line, "attempt-2", "SN0002").pass();
    line.book.reset();
    const auto as_it_is = line.query("SELECT sql FROM sqlite_schema WHERE name = 'attempt_by_serial'");
    line.sql("DROP INDEX attempt_by_serial; " + as_it_is + " AND serial <> 'SN0001'");
    line.sql("PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = '" + as_it_is +
             "' WHERE name = 'attempt_by_serial'; PRAGMA writable_schema = RESET");
    const auto found = [&line] { return line.query("SELECT count(*) FROM attempt WHERE serial = 'SN0001'"); };
    REQUIRE(found() == "0");
    const auto copy = line.directory.path() / "copy.db";

    CHECK_THROWS_WITH(ledger::backup(line.how.file, copy), Catch::Contains("attempt_by_serial"));
    CHECK_FALSE(std::filesystem::exists(copy));

    std::filesystem::copy_file(line.how.file, copy);
    ledger::restore(copy, line.how.file);
    CHECK(found() == "1");
    CHECK(line.reader().verify().problems == std::vector<std::string>{});
}

TEST_CASE("a station that has worked before does not begin an empty ledger by itself", "[ledger][care]") {
    ledger_fixture line;
    line.book.reset();
    for (const char* ending : {"", "-wal", "-shm"}) std::filesystem::remove(line.how.file.string() + ending);
    line.how.key_directory = line.directory.path();
    line.open();
    board_story(line, "attempt-1", "SN0001").pass();
    const auto copy = line.directory.path() / "copy.db";
    ledger::backup(line.how.file, copy);
    line.book.reset();
    REQUIRE(std::filesystem::exists(line.directory.path() / "station.key"));
    for (const char* ending : {"", "-wal", "-shm"}) std::filesystem::remove(line.how.file.string() + ending);

    for (int i = 0; i < 2; ++i)
        CHECK_THROWS_WITH(line.open(),
                          Catch::Contains("station.key") && Catch::Contains("fleetline restore"));
    CHECK_FALSE(std::filesystem::exists(line.how.file));

    SECTION("a backup is put back") {
        ledger::restore(copy, line.how.file);
        line.open();
        CHECK(line.device("SN0001").reached == stage::passed);
    }
    SECTION("or an empty one is wanted") {
        std::ofstream(line.how.file).flush();
        line.open();
        CHECK(line.device("SN0001").reached == stage::none);
        CHECK_NOTHROW(board_story(line, "attempt-1", "SN0001").pass());
    }
}

TEST_CASE("a first start that was cut off is a first start again", "[ledger][care]") {
    ledger_fixture line;
    line.book.reset();
    for (const char* ending : {"", "-wal", "-shm"}) std::filesystem::remove(line.how.file.string() + ending);
    line.how.key_directory = line.directory.path();

    ledger::make_if_new(line.how);
    std::ofstream(line.directory.path() / "station.key") << "made before the ledger's tables were";

    CHECK_NOTHROW(line.open());
    CHECK_NOTHROW(line.append(ledger::station_started{"1.0", "abc"}));
}

TEST_CASE("what is recorded from outside while the station works stands in the same chain",
          "[ledger][care]") {
    ledger_fixture line;
    board_story(line, "attempt-1", "SN0001").pass();
    board_story second(line, "attempt-2", "SN0002");
    second.up_to(stage::issued);

    ledger::certificate_revoked event;
    event.certificate = certificate_id(board_story(line, "attempt-1", "").certificate);
    event.by = "kim";
    const auto done = ledger::record(line.how, std::move(event), line.clock);
    second.request_registration().register_thing();
    ledger::certificate_revoked unknown;
    unknown.certificate = certificate_id("none");

    CHECK(done.seq == 19);
    CHECK(line.query("SELECT state FROM certificate WHERE serial = 'SN0001'") == "revoked");
    CHECK(code_of([&] { ledger::record(line.how, std::move(unknown), line.clock); }) == "station-internal");
    CHECK(line.query("SELECT max(seq) FROM event") == "21");
    CHECK(line.reader().verify().problems == std::vector<std::string>{});
}

TEST_CASE("an older ledger that is not replaced is not brought up to date", "[ledger][care]") {
    ledger_fixture line;
    board_story(line, "attempt-1", "SN0001").pass();
    line.book.reset();
    const auto copy = line.directory.path() / "copy.db";
    std::ofstream(copy) << "hello";
    line.sql("PRAGMA user_version = 1");

    CHECK(code_of([&] { ledger::restore(copy, line.how.file); }) == "station-ledger-broken");
    CHECK(line.query("PRAGMA user_version") == "1");
    CHECK_FALSE(std::filesystem::exists(line.how.file.string() + "-wal"));
}

TEST_CASE("a backup that does not verify is not restored", "[ledger][care]") {
    ledger_fixture line;
    board_story(line, "attempt-1", "SN0001").pass();
    const auto copy = line.directory.path() / "copy.db";
    ledger::backup(line.how.file, copy);
    line.book.reset();

    SECTION("a row edited") {
        SQLite::Database(copy.string(), SQLite::OPEN_READWRITE).exec("UPDATE attempt SET serial = 'x'");
    }
    SECTION("cut") {
        std::filesystem::resize_file(copy, std::filesystem::file_size(copy) / 2);
    }
    SECTION("something else") {
        std::ofstream(copy) << "hello";
    }

    CHECK(code_of([&] { ledger::restore(copy, line.how.file); }) == "station-ledger-broken");
    CHECK(is_as_the_station_keeps_it(line.how.file));
    line.open();
    CHECK(line.device("SN0001").reached == stage::passed);
}

TEST_CASE("a ledger of every older version is brought up to date, after a copy of it", "[ledger][care]") {
    const auto newest = static_cast<int>(ledger::migrations().size());
    const int version = GENERATE_COPY(range(1, newest));
    ledger_fixture line;
    older_ledger(line, version);
    REQUIRE(line.query("PRAGMA user_version") == std::to_string(version));
    CHECK(code_of([&] { line.reader(); }) == "station-ledger-broken");
    const std::string heads = version > 1 ? line.query("SELECT group_concat(seq) FROM checkpoint") : "";
    int told = 0;
    line.how.at_work = [&told] { ++told; };

    line.open();

    CHECK(told >= 2);  // at its beginning and in its copy at least; this ledger is a small one
    const int when_done = std::exchange(told, 0);
    line.reopen();
    CHECK(told == 0);
    CHECK(when_done < 1000);

    CHECK(line.query("PRAGMA user_version") == std::to_string(newest));
    CHECK(line.reader().verify().problems == std::vector<std::string>{});
    CHECK(line.query("SELECT group_concat(seq) FROM checkpoint") == heads);
    CHECK((line.reader().transcript("attempt-2").empty() == (version == 1)));
    CHECK(line.device("SN0001").reached == stage::passed);
    CHECK(line.device("SN0002").reached == stage::registered);
    CHECK_NOTHROW(board_story(line, "attempt-9", "SN0009").pass());
    CHECK(line.reader().verify().problems == std::vector<std::string>{});
    SQLite::Database copy(line.how.file.string() + ".version-" + std::to_string(version),
                          SQLite::OPEN_READONLY);
    CHECK(copy.execAndGet("PRAGMA user_version").getInt() == version);
    CHECK(copy.execAndGet("SELECT count(*) FROM event").getInt() == 22);
}

TEST_CASE("a migration that fails leaves the older ledger as it was", "[ledger][care]") {
    const auto [version, in_the_way] =
        GENERATE(std::pair{1, "CREATE TABLE checkpoint (in_the_way)"},
                 std::pair{1, "ALTER TABLE work_order ADD COLUMN last_assigned TEXT"},
                 std::pair{2, "ALTER TABLE work_order ADD COLUMN last_assigned TEXT"},
                 std::pair{3, "CREATE TABLE schema_was_changed (in_the_way)"});
    ledger_fixture line;
    older_ledger(line, version);
    line.sql(in_the_way);
    const char* const schema = "SELECT group_concat(sql) FROM sqlite_schema";
    const std::string before = line.query(schema);

    CHECK(code_of([&] { line.open(); }) == "station-ledger-unwritable");

    CHECK(line.query("PRAGMA user_version") == std::to_string(version));
    CHECK(line.query("SELECT count(*) FROM event") == "22");
    CHECK(line.query(schema) == before);
}

TEST_CASE("the words of outcomes and states are checked, in a ledger brought up to date too",
          "[ledger][care]") {
    const auto newest = static_cast<int>(ledger::migrations().size());
    const int version = GENERATE_COPY(range(1, newest + 1));
    ledger_fixture line;
    if (version < newest) older_ledger(line, version);
    if (version == newest) board_story(line, "attempt-1", "SN0001").pass();
    line.reopen();
    line.book.reset();
    const auto [table, column, good] = GENERATE(
        std::tuple{"attempt", "outcome",
                   std::vector<std::string>{"'passed'", "'failed'", "'refused'", "'abandoned'", "NULL"}},
        std::tuple{"certificate", "state",
                   std::vector<std::string>{"'issued'", "'requested'", "'registered'", "'delivered'",
                                            "'proved'", "'current'", "'unaccounted'", "'orphaned'",
                                            "'superseded'", "'revoked'"}});
    const std::string set = "UPDATE " + std::string(table) + " SET " + column + " = ";

    for (const auto& word : good) CHECK_NOTHROW(line.sql(set + word + " WHERE number < 10"));
    for (const char* const word : {"'lost'", "''", "'PASSED'", "'Issued'"})
        CHECK_THROWS_AS(line.sql(set + word), SQLite::Exception);
    // What makes a table at every row takes longer than the writing of it.
    SQLite::Database file(line.how.file.string(), SQLite::OPEN_READWRITE);
    SQLite::Statement plan(file, "EXPLAIN " + set + "?1 WHERE number = ?2");
    int steps = 0;
    for (; plan.executeStep(); ++steps) CHECK(plan.getColumn(1).getString() != "OpenEphemeral");
    CHECK(steps > 10);
}

TEST_CASE("transcripts of passed attempts are dropped after a time, others and events never",
          "[ledger][care]") {
    ledger_fixture line;
    line.book->store_transcript(attempt_id("attempt-1"), "one");
    line.book->store_transcript(attempt_id("attempt-2"), "two");
    board_story(line, "attempt-2", "SN0002").start().finish("failed", "port-gone");
    board_story(line, "attempt-1", "SN0001").pass();
    run(line.io, line.book->drop_transcripts(line.clock.utc));
    CHECK(line.reader().transcript("attempt-1") == "one");

    run(line.io, line.book->drop_transcripts(line.clock.utc + milliseconds{1}));

    CHECK(line.reader().transcript("attempt-1").empty());
    CHECK(line.reader().transcript("attempt-2") == "two");
    CHECK(line.reader().verify().events == 14);
}

TEST_CASE("a transcript that was dropped is told from one that was changed or taken away", "[ledger][care]") {
    ledger_fixture line;
    const auto first_problem = [&line] {
        const auto found = line.reader().verify().problems;
        return found.empty() ? std::string() : found.front();
    };
    board_story(line, "attempt-3", "SN3").pass();
    line.sql(
        "INSERT INTO transcript (attempt, stored_at, text) SELECT number, started_at, 'as an older version "
        "left "
        "it' FROM attempt WHERE attempt_id = 'attempt-3'");
    for (const auto& [attempt, outcome] :
         {std::pair("attempt-1", "passed"), std::pair("attempt-2", "failed")}) {
        board_story one(line, attempt, std::string("SN") + attempt);
        one.up_to(stage::proved);
        line.book->store_transcript(attempt_id(attempt), std::string("said by ") + attempt);
        one.finish(outcome, std::string(outcome) == "failed" ? "port-gone" : "");
    }
    CHECK(line.query("SELECT count(*) FROM event WHERE payload LIKE '%transcript_sha256%'") == "2");
    CHECK(first_problem().empty());

    run(line.io, line.book->drop_transcripts(line.clock.utc + milliseconds{1}));
    CHECK(line.query("SELECT count(*) FROM transcript") == "1");
    CHECK(first_problem().empty());

    line.sql("UPDATE transcript SET text = 'said by somebody'");
    CHECK(first_problem().find("transcript " + line.query("SELECT attempt FROM transcript") +
                               ": it is not") == 0);
    line.sql("DELETE FROM transcript");
    CHECK(first_problem().find("it is missing") != std::string::npos);
}

TEST_CASE("a transcript that nobody kept is found", "[ledger][care]") {
    ledger_fixture line;
    board_story first(line, "attempt-1", "SN1");
    first.up_to(stage::proved);
    line.book->store_transcript(attempt_id("attempt-1"), "said by the board");
    first.finish("passed");
    board_story(line, "attempt-2", "SN2").pass();
    REQUIRE(line.reader().verify().problems.empty());
    for (const auto& number :
         {line.query("SELECT number FROM attempt WHERE attempt_id = 'attempt-2'"), std::string("1000")}) {
        line.sql("PRAGMA foreign_keys = OFF; INSERT INTO transcript (attempt, stored_at, text) VALUES (" +
                 number + ", '2026', 'forged')");
        const auto problems = line.reader().verify().problems;
        REQUIRE(problems.size() == 1);
        CHECK(problems.front().find("transcript " + number + ": ") == 0);
        line.sql("DELETE FROM transcript WHERE attempt = " + number);
    }
}

TEST_CASE("the station drops old transcripts by itself, however many there are", "[ledger][care]") {
    ledger_fixture line(false);
    for (int i = 0; i < 450; ++i) {
        const std::string attempt = "attempt-" + std::to_string(i);
        line.book->store_transcript(attempt_id(attempt), "said");
        board_story story(line, attempt, "SN" + std::to_string(i));
        if (i % 3 == 0)
            story.start().finish("failed", "port-gone");
        else
            story.pass();
    }
    line.book.reset();
    line.how.transcript_days = 30;
    line.clock.utc += std::chrono::days{31};
    line.open();

    for (int i = 0; i < 4; ++i) line.append(ledger::station_started{"1.0", "abc"});

    CHECK(line.query("SELECT count(*) FROM transcript") == "150");
    CHECK(line.reader().verify().problems.empty());
}

TEST_CASE("a token that has run out is deleted when the next one comes", "[ledger][care]") {
    ledger_fixture line;
    board_story(line, "attempt-1", "SN0001").up_to(stage::issued);
    line.clock.utc += std::chrono::hours{2};

    board_story(line, "attempt-2", "SN0002").up_to(stage::issued);

    CHECK(line.query("SELECT count(*) FROM ownership_token") == "1");
}
