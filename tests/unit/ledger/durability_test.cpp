// SPDX-License-Identifier: Apache-2.0
// Acknowledged means on the disk: a process that is killed while it writes has lost none of it.
#include <sys/wait.h>
#include <unistd.h>
#include <catch2/catch.hpp>
#include <csignal>

#include <SQLiteCpp/Database.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "ledger_fixture.hpp"

using namespace fleetline;
using namespace fleetline::test;

namespace {

/// One slot of the station that will be killed: attempts without end; each receipt goes to the pipe.
boost::asio::awaitable<void> slot_without_end(ledger::ledger& book, int slot, int pipe) {
    for (int n = 0;; ++n) {
        const std::string id =
            std::to_string(getpid()) + "-" + std::to_string(slot) + "-" + std::to_string(n);
        ledger::attempt_started started;
        started.attempt = attempt_id(id);
        const auto first = co_await book.append(std::move(started));
        ledger::identified who;
        who.attempt = attempt_id(id);
        who.serial = serial_number("SN-" + id);
        book.append_later(std::move(who));
        ledger::attempt_finished ended;
        ended.attempt = attempt_id(id);
        ended.outcome = "failed";
        const auto last = co_await book.append(std::move(ended));
        for (const auto& receipt : {first, last}) {
            const std::string line = std::to_string(receipt.seq) + " " + receipt.hash + "\n";
            if (write(pipe, line.data(), line.size()) < 0) _exit(1);
        }
    }
}

[[noreturn]] void station_to_be_killed(const ledger::options& how, int pipe) {
    boost::asio::io_context io{1};
    system_time_source time;
    const logger log(logger::target::nowhere);
    ledger::ledger book(how, io.get_executor(), time, log);
    for (int slot = 0; slot < 8; ++slot)
        boost::asio::co_spawn(io, slot_without_end(book, slot, pipe), boost::asio::detached);
    io.run();
    _exit(1);
}

/// Runs a station for about `how_long`, kills it, and answers what it had acknowledged.
std::map<std::int64_t, std::string> kill_a_station(const ledger::options& how,
                                                   std::chrono::milliseconds how_long) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) station_to_be_killed(how, ends[1]);
    close(ends[1]);
    std::string text;
    char some[4096];
    const auto until = std::chrono::steady_clock::now() + how_long;
    while (text.empty() || std::chrono::steady_clock::now() < until) {
        const auto count = read(ends[0], some, sizeof some);
        if (count <= 0) break;
        text.append(some, static_cast<std::size_t>(count));
    }
    kill(child, SIGKILL);
    for (ssize_t count = 0; (count = read(ends[0], some, sizeof some)) > 0;)
        text.append(some, static_cast<std::size_t>(count));
    close(ends[0]);
    waitpid(child, nullptr, 0);

    std::map<std::int64_t, std::string> acknowledged;
    std::istringstream lines(text.substr(0, text.rfind('\n') + 1));
    std::int64_t seq = 0;
    for (std::string hash; lines >> seq >> hash;) acknowledged[seq] = hash;
    return acknowledged;
}

/// With synchronous=FULL the log is synced once for each frame that ends a transaction: the one that tells
/// the size of the database (https://www.sqlite.org/fileformat2.html#walformat).
std::int64_t commits_in_log(const std::filesystem::path& ledger) {
    std::ifstream in(ledger.string() + "-wal", std::ios::binary);
    const std::string log{std::istreambuf_iterator<char>(in), {}};
    constexpr std::size_t header = 32;
    constexpr std::size_t frame_header = 24;
    const auto number = [&log](std::size_t at) {
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < 4; ++i) value = value << 8U | static_cast<unsigned char>(log.at(at + i));
        return value;
    };
    if (log.size() < header) return 0;
    const std::size_t frame = frame_header + number(8);
    std::int64_t commits = 0;
    for (std::size_t at = header; at + frame <= log.size(); at += frame)
        commits += number(at + 4) != 0 ? 1 : 0;
    return commits;
}

}  // namespace

TEST_CASE("kill -9 at any moment loses no acknowledged event", "[ledger]") {
    ledger_fixture line(true, true);
    line.book.reset();
    std::map<std::int64_t, std::string> acknowledged;

    for (int round = 0; round < 8; ++round)
        acknowledged.merge(kill_a_station(line.how, std::chrono::milliseconds{20 + 37 * round}));

    line.open();
    REQUIRE(acknowledged.size() > 16);
    for (const auto& [seq, hash] : acknowledged)
        REQUIRE(line.query("SELECT lower(hex(hash)) FROM event WHERE seq = " + std::to_string(seq)) == hash);
    CHECK(line.reader().verify().problems == std::vector<std::string>{});
}

TEST_CASE("events that wait together share one fsync", "[ledger]") {
    ledger_fixture line(true, true);
    line.append(ledger::station_started{"1.0", "abc"});
    SQLite::Database other(line.how.file.string(), SQLite::OPEN_READWRITE);
    other.exec("BEGIN IMMEDIATE");  // so that all of them wait
    const auto before = commits_in_log(line.how.file);
    std::vector<boost::asio::awaitable<ledger::receipt>> waiting;
    for (int slot = 0; slot < 256; ++slot) waiting.push_back(line.book->append(ledger::station_stopped{"x"}));
    other.exec("ROLLBACK");
    for (auto& one : waiting) run(line.io, std::move(one));
    CHECK(line.query("SELECT count(*) FROM event") == "257");
    const auto together = commits_in_log(line.how.file) - before;
    CHECK(before >= 1);
    CHECK(together == 1);  // the first may have been in hand already
}

TEST_CASE("what comes while others are written gets its own answer", "[ledger]") {
    ledger_fixture line;
    line.append(ledger::station_started{"1.0", "abc"});
    SQLite::Database other(line.how.file.string(), SQLite::OPEN_READWRITE);
    other.exec("BEGIN IMMEDIATE");
    ledger::attempt_started started;
    started.attempt = attempt_id("attempt-1");
    ledger::identified who;
    who.attempt = started.attempt;
    who.serial = serial_number("SN0001");

    auto first = line.book->append(std::move(started));
    std::vector<boost::asio::awaitable<ledger::receipt>> others;  // the first is in hand meanwhile
    for (int slot = 0; slot < 200; ++slot) others.push_back(line.book->append(ledger::station_stopped{"x"}));
    auto impossible = line.book->append(ledger::delivered{attempt_id("nobody"), certificate_id("c")});
    line.book->append_later(std::move(who));
    auto question = line.book->device(serial_number("SN0001"));
    auto last = line.book->append(ledger::station_stopped{"asked to"});
    other.exec("ROLLBACK");

    std::int64_t seq = 2;
    const auto told = run(line.io, std::move(first));
    CHECK(told.seq == seq);
    for (auto& one : others) {
        const auto also_told = run(line.io, std::move(one));
        CHECK(also_told.seq == ++seq);
    }
    CHECK_THROWS_AS(run(line.io, std::move(impossible)), failure);
    const auto record = run(line.io, std::move(question));
    CHECK(record.attempt.text() == "attempt-1");
    const auto told_last = run(line.io, std::move(last));
    CHECK(told_last.seq == seq + 2);
    CHECK(line.reader().verify().problems == std::vector<std::string>{});
}
