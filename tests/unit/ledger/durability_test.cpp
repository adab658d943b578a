// SPDX-License-Identifier: Apache-2.0
// Acknowledged means on the disk: a process that is killed while it writes has lost none of it.
#include <sys/wait.h>
#include <unistd.h>
#include <catch2/catch.hpp>
#include <csignal>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <chrono>
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
    constexpr int slots = 256;
    const auto timed = [&line](int at_once, int rounds) {
        const auto began = std::chrono::steady_clock::now();
        for (int round = 0; round < rounds; ++round) {
            std::vector<boost::asio::awaitable<ledger::receipt>> waiting;
            for (int slot = 0; slot < at_once; ++slot)
                waiting.push_back(line.book->append(ledger::station_stopped{"x"}));
            for (auto& one : waiting) run(line.io, std::move(one));
        }
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
        return took.count() / (rounds * at_once);
    };

    const double alone = timed(1, 20);
    const double together = timed(slots, 4);

    INFO("one at a time " << alone * 1e6 << " us, " << slots << " together " << together * 1e6
                          << " us each, ratio " << alone / together);
    CHECK(alone / together > 5);  // the bench demands more, on a machine of its own
}
