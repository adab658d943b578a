// SPDX-License-Identifier: Apache-2.0
// The disk and what can be done to a file under a running station.
#include <SQLiteCpp/Database.h>
#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <functional>
#include <thread>

#include "core/failure.hpp"
#include "ledger/care.hpp"
#include "ledger/connection.hpp"
#include "ledger_fixture.hpp"

using namespace fleetline;
using namespace fleetline::test;
using ledger::stage;

namespace {

std::string code_of(const std::function<void()>& what) {
    try {
        what();
    } catch (const failure& why) {
        return why.code();
    }
    return {};
}

/// No file of this process grows past `bytes` while this lives: a full disk, as the ledger sees it.
class full_disk {
  public:
    explicit full_disk(rlim_t bytes) {
        std::signal(SIGXFSZ, SIG_IGN);
        getrlimit(RLIMIT_FSIZE, &before_);
        rlimit limit = before_;
        limit.rlim_cur = bytes;
        setrlimit(RLIMIT_FSIZE, &limit);
    }
    full_disk(const full_disk&) = delete;
    full_disk& operator=(const full_disk&) = delete;
    ~full_disk() { setrlimit(RLIMIT_FSIZE, &before_); }

  private:
    rlimit before_{};
};

constexpr int not_possible_here = 77;

/// Its exit status, in a process of its own: 0, or 1 and the reason on standard error.
int in_a_child(const std::function<int()>& what) {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        try {
            _exit(what());
        } catch (const std::exception& why) {
            const std::string text = std::string(why.what()) + '\n';
            _exit(write(STDERR_FILENO, text.data(), text.size()) < 0 ? 2 : 1);
        }
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/// A ledger with one board in a directory that its group may look into, as the package has it.
struct line_with_a_group : ledger_fixture {
    line_with_a_group() {
        book.reset();
        std::filesystem::permissions(directory.path(), std::filesystem::perms{0755});
        std::filesystem::create_directory(inner);
        if (geteuid() == 0) REQUIRE(chown(inner.c_str(), 0, group) == 0);
        // The set-group-id bit has root's files in the group, as the service's are by themselves.
        std::filesystem::permissions(inner, std::filesystem::perms{02750});
        how.file = inner / "ledger.db";
        open();
        board_story(*this, "attempt-1", "SN0001").pass();
    }
    ~line_with_a_group() { std::filesystem::permissions(inner, std::filesystem::perms{0750}); }

    /// As a member of the group; where the test is not root's, as its owner who may not write there. Nothing
    /// of the ledger may be open here: a child has SQLite's notion of that, without the locks.
    int by_the_group(const std::function<int()>& what) const {
        if (geteuid() != 0) std::filesystem::permissions(inner, std::filesystem::perms{0550});
        const int status = in_a_child([&what] {
            constexpr uid_t nobody = 65534;
            if (geteuid() == 0 && (setgroups(1, &group) != 0 || setgid(group) != 0 || setuid(nobody) != 0))
                return not_possible_here;
            return what();
        });
        if (geteuid() != 0) std::filesystem::permissions(inner, std::filesystem::perms{0750});
        return status;
    }

    /// 0 when it has all of it.
    std::function<int()> reading_all() const {
        return [this] {
            const ledger::reader from(how.file);
            return from.head().seq == 12 && from.verify().problems.empty() ? 0 : 3;
        };
    }
    void remove_log() const {
        for (const char* ending : {"-wal", "-shm"}) std::filesystem::remove(how.file.string() + ending);
    }

    std::filesystem::path inner = directory.path() / "a ledger's #1 100%?";
    static constexpr gid_t group = 65533;
};

void append_until_it_fails(ledger_fixture& line) {
    for (int i = 0; i < 10'000; ++i) line.append(ledger::station_stopped{std::string(1000, 'x')});
}

}  // namespace

TEST_CASE("a full disk is told, loses nothing acknowledged, and is over when there is room", "[ledger]") {
    const bool threaded = GENERATE(true, false);
    ledger_fixture line(threaded);
    board_story story(line, "attempt-1", "SN0001");
    story.up_to(stage::issue_requested);
    {
        const full_disk full(300'000);
        CHECK(code_of([&] { append_until_it_fails(line); }) == "station-ledger-unwritable");
        CHECK_FALSE(line.book->writable());
        CHECK_FALSE(line.book->trouble().empty());
        CHECK(line.device("SN0001").reached == stage::issue_requested);
    }

    CHECK_NOTHROW(story.issue());

    CHECK(line.book->writable());
    CHECK(line.device("SN0001").reached == stage::issued);
    CHECK(line.reader().verify().problems.empty());
}

TEST_CASE("what nobody waits for is kept while the disk is full, and recorded afterwards in its order",
          "[ledger]") {
    ledger_fixture line;
    board_story story(line, "attempt-1", "SN0001");
    story.up_to(stage::issue_requested);
    {
        const full_disk full(300'000);
        REQUIRE_THROWS(append_until_it_fails(line));
        ledger::issued made;
        made.attempt = attempt_id("attempt-1");
        made.certificate = certificate_id(story.certificate);
        line.book->append_later(std::move(made));
        ledger::attempt_finished ended;
        ended.attempt = attempt_id("attempt-1");
        ended.outcome = "failed";
        line.book->append_later(std::move(ended));
        CHECK(code_of([&] { run(line.io, line.book->flush()); }) == "station-ledger-unwritable");
        CHECK(line.book->waiting().kept == 2);
    }

    run(line.io, line.book->flush());

    CHECK(line.book->waiting().kept == 0);
    CHECK(line.device("SN0001").reached == stage::issued);
    CHECK(line.device("SN0001").outcome == "failed");
    CHECK(line.reader().verify().problems.empty());
}

TEST_CASE("it finds out by itself that there is room again", "[ledger]") {
    ledger_fixture line;
    {
        const full_disk full(300'000);
        REQUIRE_THROWS(append_until_it_fails(line));
    }

    // The probe comes once a second, on the ledger's thread.
    for (int i = 0; i < 500 && !line.book->writable(); ++i) std::this_thread::sleep_for(milliseconds{10});

    CHECK(line.book->writable());
}

TEST_CASE("a ledger that was deleted or moved away is put back, complete", "[ledger]") {
    const bool moved = GENERATE(true, false);
    ledger_fixture line;
    board_story story(line, "attempt-1", "SN0001");
    story.up_to(stage::issued);

    if (moved) {
        std::filesystem::rename(line.how.file, line.directory.path() / "elsewhere.db");
    } else {
        for (const char* ending : {"", "-wal", "-shm"})
            std::filesystem::remove(line.how.file.string() + ending);
    }
    story.request_registration();
    line.reopen();

    CHECK(line.device("SN0001").reached == stage::registration_requested);
    CHECK(line.device("SN0001").ownership_token.reveal() == "token-of-attempt-1");
    CHECK(line.reader().verify().problems.empty());
}

TEST_CASE("a ledger whose log was deleted under it loses nothing when the station is then killed",
          "[ledger]") {
    const bool with_the_rest = GENERATE(true, false);
    const bool another_is_there = GENERATE(true, false);
    ledger_fixture line;
    board_story story(line, "attempt-1", "SN0001");
    story.up_to(stage::issued);
    REQUIRE(std::filesystem::file_size(line.how.file.string() + "-wal") > 0);  // where all of it is

    std::filesystem::remove(line.how.file.string() + "-wal");
    if (with_the_rest) std::filesystem::remove(line.how.file.string() + "-shm");
    if (another_is_there) std::ofstream(line.how.file.string() + "-wal");  // as who only reads leaves it
    story.request_registration();

    CHECK(line.book->writable());
    // What is there now is what a kill would leave.
    const auto left = line.directory.path() / "left.db";
    for (const char* ending : {"", "-wal"})
        std::filesystem::copy_file(line.how.file.string() + ending, left.string() + ending);
    CHECK(ledger::reader(left).head().seq == 7);
    CHECK(ledger::reader(left).verify().problems == std::vector<std::string>{});
    line.reopen();
    CHECK(line.device("SN0001").reached == stage::registration_requested);
}

TEST_CASE("a log that is gone and cannot be put back is trouble, until it can", "[ledger]") {
    ledger_fixture line;
    board_story story(line, "attempt-1", "SN0001");
    story.up_to(stage::issued);
    const auto in_the_way = line.how.file.string() + ".put-back";
    std::filesystem::create_directories(in_the_way + "/inner");

    std::filesystem::remove(line.how.file.string() + "-wal");
    CHECK(code_of([&] { story.request_registration(); }) == "station-ledger-unwritable");
    CHECK(line.book->trouble().find("its -wal was") != std::string::npos);
    std::filesystem::remove_all(in_the_way);

    CHECK_NOTHROW(story.request_registration());
    CHECK(line.book->writable());
    line.reopen();
    CHECK(line.device("SN0001").reached == stage::registration_requested);
    CHECK(line.reader().verify().problems.empty());
}

TEST_CASE("a copy that another keeps from being made is not taken for one", "[ledger]") {
    ledger_fixture line;
    board_story(line, "attempt-1", "SN0001").pass();
    const auto copy = (line.directory.path() / "copy.db").string();
    SQLite::Database other(copy, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    other.exec("CREATE TABLE t (x); BEGIN EXCLUSIVE");
    SQLite::Database from(line.how.file.string(), SQLite::OPEN_READONLY);
    SQLite::Database to(copy, SQLite::OPEN_READWRITE);

    CHECK_THROWS_AS(ledger::copy_all(from, to), SQLite::Exception);
    other.exec("ROLLBACK");
    CHECK_NOTHROW(ledger::copy_all(from, to));
    CHECK(to.execAndGet("SELECT seq FROM head").getInt() == 12);
}

TEST_CASE("another file in the ledger's place is not written to", "[ledger]") {
    ledger_fixture line;
    board_story story(line, "attempt-1", "SN0001");
    story.up_to(stage::issued);
    const auto aside = line.directory.path() / "aside.db";
    std::filesystem::rename(line.how.file, aside);
    std::ofstream(line.how.file) << "something else";

    CHECK(code_of([&] { story.request_registration(); }) == "station-ledger-unwritable");
    CHECK(line.book->trouble().find("another file") != std::string::npos);
    std::filesystem::rename(aside, line.how.file);
    CHECK_NOTHROW(story.request_registration());

    CHECK(line.book->writable());
    CHECK(line.reader().verify().problems.empty());
}

TEST_CASE("a ledger in a directory that is gone is unwritable, and opens again with it", "[ledger]") {
    ledger_fixture line;
    line.book.reset();
    const auto inner = line.directory.path() / "inner";
    std::filesystem::create_directory(inner);
    line.how.file = inner / "ledger.db";
    line.open();
    board_story story(line, "attempt-1", "SN0001");
    story.up_to(stage::issued);
    std::filesystem::rename(inner, line.directory.path() / "away");

    CHECK(code_of([&] { story.request_registration(); }) == "station-ledger-unwritable");
    std::filesystem::rename(line.directory.path() / "away", inner);

    CHECK_NOTHROW(story.request_registration());
    CHECK(line.reader().verify().problems.empty());
}

TEST_CASE("a lock that somebody else holds is waited for", "[ledger]") {
    ledger_fixture line;
    line.append(ledger::station_started{"1.0", "abc"});
    SQLite::Database other(line.how.file.string(), SQLite::OPEN_READWRITE);
    other.exec("BEGIN IMMEDIATE");

    auto written = line.book->append(ledger::station_stopped{"asked to"});
    CHECK(line.query("SELECT count(*) FROM event") == "1");
    other.exec("ROLLBACK");

    const auto receipt = run(line.io, std::move(written));
    CHECK(receipt.seq == 2);
}

TEST_CASE("readers and the writer do not wait for one another", "[ledger]") {
    ledger_fixture line;
    board_story(line, "attempt-1", "SN0001").pass();
    board_story(line, "attempt-2", "SN0002").pass();
    int seen = 0;

    line.reader().attempts({}, [&](const auto&) {
        board_story(line, "attempt-" + std::to_string(10 + seen), "SN0003").start();
        return ++seen < 10;
    });

    CHECK(seen == 2);
}

namespace {

constexpr std::size_t page_size = 4096;

/// The pages of a ledger that nobody has open, as https://sqlite.org/fileformat2.html has them.
class pages {
  public:
    explicit pages(const ledger_fixture& line)
        : line_(line), file_(line.how.file, std::ios::in | std::ios::out | std::ios::binary) {}

    std::string read(long long number) {
        std::string page(page_size, '\0');
        file_.seekg((number - 1) * static_cast<long long>(page_size));
        file_.read(page.data(), static_cast<std::streamsize>(page.size()));
        return page;
    }
    void write(long long number, const std::string& page) {
        file_.seekp((number - 1) * static_cast<long long>(page_size));
        file_ << page << std::flush;
    }
    long long root_of(const std::string& name) const {
        return std::stoll(line_.query("SELECT rootpage FROM sqlite_schema WHERE name = '" + name + "'"));
    }

    static unsigned number(const std::string& page, std::size_t at, std::size_t bytes) {
        unsigned value = 0;
        for (std::size_t i = 0; i < bytes; ++i)
            value = value << 8U | static_cast<unsigned char>(page[at + i]);
        return value;
    }
    static bool is_leaf(const std::string& page) { return page[0] == 13 || page[0] == 10; }

    /// Of the tree whose root this is: the leaf that a cell of the root leads to, the last one for a
    /// negative number.
    long long leaf(long long root, int cell) {
        for (auto at = root;; cell = -1) {
            const auto page = read(at);
            if (is_leaf(page)) return at;
            at = number(page, cell < 0 ? 8 : number(page, 12 + 2 * static_cast<std::size_t>(cell), 2), 4);
        }
    }

  private:
    const ledger_fixture& line_;
    std::fstream file_;
};

/// With the numbers of attempts that begin at once one behind the other.
void fill_and_close(ledger_fixture& line, bool at_once = false) {
    std::vector<board_story> boards;
    for (int i = 0; i < 150; ++i) {
        boards.emplace_back(line, "attempt-" + std::to_string(i), "SN" + std::to_string(1000 + i)).start();
        if (!at_once) boards.back().go_on_to(ledger::stage::passed);
    }
    for (auto& one : boards)
        if (at_once) one.go_on_to(ledger::stage::passed);
    line.book.reset();
}

}  // namespace

TEST_CASE("damage in the file is told as such, behind what was found before it", "[ledger]") {
    struct damage {
        const char* tree;
        int cell;
    };
    const auto [tree, cell] =
        GENERATE(damage{"event", -1}, damage{"event", 2}, damage{"attempt", 2}, damage{"attempt", -1},
                 damage{"attempt_by_serial", 0}, damage{"event_of_attempt", -1}, damage{"order_serial", -1});
    ledger_fixture line;
    fill_and_close(line);
    const auto trigger = line.query("SELECT sql FROM sqlite_schema WHERE name = 'event_is_not_changed'");
    line.sql(
        "DROP TRIGGER event_is_not_changed;"
        "UPDATE event SET payload = replace(payload, 'A1', 'A2') WHERE seq = 1;" +
        trigger + "; PRAGMA wal_checkpoint(TRUNCATE)");
    pages file(line);
    file.write(file.leaf(file.root_of(tree), cell), std::string(page_size, '\xff'));

    for (const auto threads : {ledger::verify_on::one_thread, ledger::verify_on::two_threads}) {
        const auto found = line.reader().verify({}, threads);
        CAPTURE(tree, cell, found.problems);
        REQUIRE(found.problems.size() >= 2);
        CHECK(found.problems.front().find("event 1: it was changed") == 0);
        CHECK(found.problems.back().find("the file is damaged after event ") == 0);
        CHECK(found.events > 10);
    }
}

TEST_CASE("a row that is there and is not found by its number is told", "[ledger][verify]") {
    const std::string table = GENERATE("attempt", "certificate");
    ledger_fixture line;
    fill_and_close(line, GENERATE(false, true));
    line.sql("PRAGMA wal_checkpoint(TRUNCATE)");
    pages file(line);
    const auto root = file.root_of(table);
    auto page = file.read(root);
    REQUIRE_FALSE(pages::is_leaf(page));
    // A cell is the page on the left and the largest number in it, seven bits a byte.
    std::string row;
    for (unsigned cell = 0; row.empty() && cell < pages::number(page, 3, 2); ++cell) {
        auto at = pages::number(page, 12 + 2 * cell, 2) + 4;
        unsigned number = 0;
        while ((pages::number(page, at, 1) & 0x80U) != 0)
            number = number << 7U | (pages::number(page, at++, 1) & 0x7fU);
        number = number << 7U | pages::number(page, at, 1);
        if ((number & 0x7fU) == 0) continue;
        --page[at];
        row = std::to_string(number);
    }
    REQUIRE_FALSE(row.empty());
    file.write(root, page);
    CHECK(line.query("SELECT count(*) FROM " + table + " WHERE number = " + row) == "0");

    for (const auto threads : {ledger::verify_on::one_thread, ledger::verify_on::two_threads}) {
        const auto found = line.reader().verify({}, threads);
        CAPTURE(table, row, found.problems);
        REQUIRE_FALSE(found.problems.empty());
        CHECK(found.problems.front() == table + ' ' + row + ": a search for its number does not find it");
    }
}

TEST_CASE("what is found damaged while the station works takes nothing more, and is restored", "[ledger]") {
    const std::string table = GENERATE("certificate", "attempt_by_serial", "event");
    ledger_fixture line;
    for (int i = 0; i < 50; ++i)
        board_story(line, "attempt-" + std::to_string(i), "SN" + std::to_string(i)).pass();
    const auto copy = line.directory.path() / "copy.db";
    ledger::backup(line.how.file, copy);
    line.sql("PRAGMA wal_checkpoint(TRUNCATE)");
    const auto page =
        std::stoll(line.query("SELECT rootpage FROM sqlite_schema WHERE name = '" + table + "'"));
    {
        std::fstream file(line.how.file, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp((page - 1) * 4096);
        file << std::string(4096, '\xff');
    }
    line.sql("UPDATE head SET seq = seq");  // the writer forgets the pages that it has read

    CHECK(code_of([&] {
              line.device("SN0");
              board_story(line, "attempt-x", "SNx").pass();
          }) == "station-ledger-broken");
    CHECK_FALSE(line.book->writable());
    CHECK(line.book->trouble().find("fleetline restore") != std::string::npos);
    CHECK(code_of([&] { line.append(ledger::station_stopped{"this one needs none of that page"}); }) ==
          "station-ledger-broken");
    CHECK_FALSE(line.book->writable());

    line.book.reset();
    ledger::restore(copy, line.how.file);
    line.open();
    CHECK(line.book->writable());
    CHECK(line.device("SN49").reached == stage::passed);
    CHECK_NOTHROW(board_story(line, "attempt-y", "SNy").pass());
    CHECK(line.reader().verify().problems.empty());
}

TEST_CASE("what is no ledger is not opened", "[ledger]") {
    ledger_fixture line;
    line.book.reset();
    struct row {
        const char* content;
        const char* code;
    };
    const auto expected =
        GENERATE(row{"text", "station-ledger-broken"}, row{"SELECT", "station-ledger-broken"});
    const std::string content = expected.content;
    std::filesystem::remove(line.how.file);
    if (content == "text")
        std::ofstream(line.how.file) << std::string(10'000, 't');
    else
        SQLite::Database(line.how.file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE)
            .exec("CREATE TABLE t (x)");

    CHECK(code_of([&] { line.open(); }) == expected.code);
    CHECK(code_of([&] { line.reader(); }) == expected.code);
}

TEST_CASE("a missing ledger is told as such where it must not be made", "[ledger]") {
    ledger_fixture line;
    line.how.file = line.directory.path() / "none.db";
    line.how.create = false;

    CHECK(code_of([&] { line.reader(); }) == "station-ledger-missing");
    CHECK(code_of([&] {
              line.book.reset();
              line.open();
          }) == "station-ledger-missing");
    CHECK_FALSE(std::filesystem::exists(line.how.file));
}

TEST_CASE("a ledger of a newer version is refused", "[ledger]") {
    ledger_fixture line;
    line.append(ledger::station_started{"1.0", "abc"});
    line.book.reset();
    line.sql("PRAGMA user_version = 999");

    CHECK(code_of([&] { line.open(); }) == "station-ledger-newer");
    CHECK(code_of([&] { line.reader(); }) == "station-ledger-newer");
}

TEST_CASE("a ledger whose end was cut off or changed is not opened", "[ledger]") {
    const std::string tampering =
        GENERATE("DELETE FROM event WHERE seq = 12", "UPDATE event SET kind = 'x' WHERE seq = 12",
                 "UPDATE head SET seq = 11", "DELETE FROM head");
    ledger_fixture line;
    board_story(line, "attempt-1", "SN0001").pass();
    line.book.reset();

    line.sql(
        "PRAGMA foreign_keys = OFF; DROP TRIGGER event_is_not_changed; DROP TRIGGER event_is_not_deleted;" +
        tampering);

    CHECK(code_of([&] { line.open(); }) == "station-ledger-broken");
}

TEST_CASE("each transaction is told with its events, and one that failed is not", "[ledger]") {
    const bool threaded = GENERATE(true, false);
    ledger_fixture line(threaded);
    std::int64_t commits = 0;
    std::int64_t events = 0;
    line.book->on_commit([&](milliseconds took, std::int64_t count) {
        CHECK(took.count() >= 0);
        ++commits;
        events += count;
    });
    for (int i = 0; i < 3; ++i) line.append(ledger::station_started{"1", "abc"});
    CHECK(commits == 3);
    CHECK(events == 3);
    {
        const full_disk disk(1);
        CHECK(code_of([&] {
                  line.append(ledger::station_started{"1", "abc"});
              }) == "station-ledger-unwritable");
    }
    CHECK(commits == 3);
    // What is left in the queue of a ledger that has gone is nobody's any more.
    line.book->append_later(ledger::station_started{"1", "abc"});
    line.book.reset();
    line.io.restart();
    line.io.run();
    CHECK(commits == 3);
}

TEST_CASE("the group reads the ledger after a clean end", "[ledger]") {
    line_with_a_group line;

    line.book.reset();

    CHECK(std::filesystem::file_size(line.how.file.string() + "-wal") == 0);
    CHECK(line.by_the_group(line.reading_all()) == 0);
}

TEST_CASE("a ledger without its log is read also where none can be made", "[ledger]") {
    line_with_a_group line;
    line.book.reset();
    line.remove_log();  // as SQLite's own shell leaves it

    CHECK(line.by_the_group(line.reading_all()) == 0);

    // What another program has begun there, and not put into the file, is not passed over.
    std::ofstream(line.how.file.string() + "-wal") << std::string(4096, 'x');
    CHECK(line.by_the_group([&line] {
        return code_of([&] { line.reader(); }) == "station-ledger-unwritable" ? 0 : 3;
    }) == 0);
}

TEST_CASE("a ledger on a file system that is mounted read-only is read", "[ledger]") {
    const bool with_log = GENERATE(true, false);
    line_with_a_group line;
    line.book.reset();
    if (!with_log) line.remove_log();

    const int status = in_a_child([&line] {
        const char* inner = line.inner.c_str();
        if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            mount(inner, inner, nullptr, MS_BIND, nullptr) != 0 ||
            mount(nullptr, inner, nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr) != 0)
            return not_possible_here;
        return line.reading_all()();
    });

    if (status == not_possible_here)
        WARN("nothing can be mounted here");
    else
        CHECK(status == 0);
}
