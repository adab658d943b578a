// SPDX-License-Identifier: Apache-2.0
#include <boost/asio/co_spawn.hpp>
#include <catch2/catch.hpp>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "core/failure.hpp"
#include "ledger/writer.hpp"
#include "ledger_fixture.hpp"

using namespace fleetline;
using namespace fleetline::test;
using ledger::stage;

TEST_CASE("a passed board's attempt is told in full", "[ledger]") {
    ledger_fixture line;

    board_story(line, "attempt-1", "SN0001").pass();

    std::vector<ledger::attempt_row> rows;
    line.reader().attempts({}, [&rows](const auto& row) {
        rows.push_back(row);
        return true;
    });
    REQUIRE(rows.size() == 1);
    const auto& row = rows[0];
    CHECK(row.attempt_id == "attempt-1");
    CHECK(row.station == "line-1");
    CHECK(row.serial == "SN0001");
    CHECK(row.thing_name == "thing-SN0001");
    CHECK(row.certificate_id.size() == 64);
    CHECK(row.certificate_not_after == "2049-12-31T23:59:59.000Z");
    CHECK(row.outcome == "passed");
    CHECK(row.proof == "readback");
    CHECK(row.duration_ms == 1234);
    CHECK(steps_of(row).at("issue") == 40);
    CHECK(row.clock_synchronised == true);
    CHECK(row.event_seq == 12);
    CHECK(row.event_hash.size() == 64);
}

TEST_CASE("every event is acknowledged with its place in the chain", "[ledger]") {
    ledger_fixture line;

    const auto first = line.append(ledger::station_started{"1.0", "abc"});
    const auto second = line.append(ledger::station_stopped{"asked to"});

    CHECK(first.seq == 1);
    CHECK(second.seq == 2);
    CHECK(line.query("SELECT lower(hex(previous_hash)) FROM event WHERE seq = 2") == first.hash);
    CHECK(line.query("SELECT lower(hex(hash)) FROM head") == second.hash);
}

TEST_CASE("an impossible event fails its caller alone", "[ledger]") {
    ledger_fixture line;
    board_story(line, "attempt-1", "SN0001").up_to(stage::identified);

    CHECK_THROWS_AS(line.append(ledger::delivered{attempt_id("nobody"), certificate_id("c")}), failure);

    CHECK(line.book->writable());
    CHECK_NOTHROW(line.append(ledger::station_stopped{"asked to"}));
}

namespace {

/// Its writer takes a turn when the test says so.
class scheduled_fixture : public ledger_fixture {
  public:
    scheduled_fixture() : ledger_fixture(false) {
        how.schedule = [this](milliseconds, std::function<void()> turn) { turns.push_back(std::move(turn)); };
        reopen();
    }
    ~scheduled_fixture() { book.reset(); }
    scheduled_fixture(const scheduled_fixture&) = delete;
    scheduled_fixture& operator=(const scheduled_fixture&) = delete;

    std::vector<std::function<void()>> turns;
};

/// A board's attempt up to its certificate, to be written together or one by one.
std::vector<ledger::accepted> story_of(const std::string& id, bool with_token = true) {
    ledger::attempt_started started;
    started.attempt = attempt_id(id);
    ledger::identified who;
    who.attempt = attempt_id(id);
    who.serial = serial_number("SN" + id);
    ledger::issued made;
    made.attempt = attempt_id(id);
    made.certificate = certificate_id("certificate-" + id);
    if (with_token) made.ownership_token = secret("token-" + id);
    made.token_expires = utc_time{std::chrono::hours{24}};
    std::vector<ledger::accepted> group(3);
    group[0].what = std::move(started);
    group[1].what = std::move(who);
    group[2].what = std::move(made);
    return group;
}

void count_commits(ledger::writer& of, int& commits) {
    const auto count = [](void* counted) { return ++*static_cast<int*>(counted), 0; };
    sqlite3_commit_hook(of.rows().database().getHandle(), count, &commits);
}

}  // namespace

TEST_CASE("an attempt that begins and goes on in one group is one transaction", "[ledger]") {
    ledger_fixture line;
    line.book.reset();
    ledger::writer to(line.how);
    auto group = story_of("1");
    int commits = 0;
    count_commits(to, commits);

    CHECK(to.write(group) == nullptr);

    CHECK(group[2].done.seq == 3);
    CHECK(commits == 1);
    CHECK(line.reader().verify().problems == std::vector<std::string>{});
}

namespace {

/// A group whose later events come while the first one is being written.
struct growing_group {
    explicit growing_group(std::vector<ledger::accepted> events) {
        for (auto& one : events) parts.emplace_back().push_back(std::move(one));
    }

    std::exception_ptr write(ledger::writer& to) {
        return to.write(parts[0], [this, next = std::size_t{1}]() mutable -> std::span<ledger::accepted> {
            if (next == parts.size()) return {};
            if (before) before();
            return parts[next++];
        });
    }

    std::vector<std::vector<ledger::accepted>> parts;
    std::function<void()> before;
};

ledger::accepted of(ledger::event what) {
    ledger::accepted one;
    one.what = std::move(what);
    return one;
}

}  // namespace

TEST_CASE("an event that comes while others are written shares their transaction", "[ledger]") {
    ledger_fixture line;
    line.book.reset();
    ledger::writer to(line.how);
    growing_group group(story_of("1"));
    int commits = 0;
    count_commits(to, commits);

    CHECK(group.write(to) == nullptr);

    std::int64_t seq = 0;
    for (const auto& part : group.parts) CHECK(part[0].done.seq == ++seq);
    CHECK(commits == 1);
    CHECK(line.query("SELECT count(*) FROM ownership_token") == "1");
    CHECK(line.reader().verify().problems == std::vector<std::string>{});
}

TEST_CASE("an impossible event that comes late fails alone", "[ledger]") {
    ledger_fixture line;
    line.book.reset();
    ledger::writer to(line.how);
    growing_group group(story_of("1"));
    auto& late = group.parts[1];
    late.insert(late.begin(), of(ledger::delivered{attempt_id("nobody"), certificate_id("c")}));
    late.push_back(of(ledger::station_stopped{"asked to"}));

    CHECK(group.write(to) == nullptr);

    CHECK(group.parts[0][0].done.seq == 1);
    CHECK(late[0].error != nullptr);
    CHECK(late[0].done.seq == 0);
    for (const std::size_t i : {1U, 2U}) {
        CHECK(late[i].error == nullptr);
        CHECK(late[i].done.seq == static_cast<std::int64_t>(i) + 1);
    }
    // What was not asked for any more waits for the next group.
    CHECK(line.query("SELECT group_concat(kind) FROM event") == "attempt-started,identified,station-stopped");
    CHECK(line.reader().verify().problems == std::vector<std::string>{});
}

TEST_CASE("when the disk is full in the middle of a growing group, none of it is in the ledger", "[ledger]") {
    ledger_fixture line;
    line.book.reset();
    ledger::writer to(line.how);
    auto& database = to.rows().database();
    growing_group group(story_of("1"));
    group.parts[1].push_back(of(ledger::station_stopped{std::string(100'000, 'x')}));
    group.before = [&database] {
        database.exec("PRAGMA max_page_count = 1");  // no more than there are
    };

    CHECK(group.write(to) != nullptr);

    for (auto* each : {&group.parts[0][0], &group.parts[1][0], &group.parts[1][1]}) {
        CHECK(each->error != nullptr);
        CHECK(each->done.seq == 0);
        each->error = nullptr;
    }
    CHECK(line.query("SELECT count(*) FROM event") == "0");
    database.exec("PRAGMA max_page_count = 1000000");
    group.before = nullptr;
    CHECK(group.write(to) == nullptr);
    CHECK(group.parts[2][0].done.seq == 4);
    CHECK(line.reader().verify().problems == std::vector<std::string>{});
}

TEST_CASE("what somebody else writes in the middle of an attempt is seen by its next event", "[ledger]") {
    ledger_fixture line(false);
    board_story story(line, "attempt-1", "SN0001");
    story.up_to(stage::registered);
    {
        ledger::writer other(line.how);
        std::vector<ledger::accepted> group(1);
        ledger::certificate_revoked what;
        what.certificate = certificate_id(story.certificate);
        what.by = "kim";
        what.note = "the wrong board";
        group[0].what = std::move(what);
        REQUIRE(other.write(group) == nullptr);
    }

    story.start_delivery();
    story.deliver();

    CHECK(line.query("SELECT revoked_by FROM certificate") == "kim");
    CHECK(line.reader().verify().problems == std::vector<std::string>{});
}

TEST_CASE("which certificate an attempt says that it replaces does not depend on what is in memory",
          "[ledger]") {
    ledger_fixture line(false);
    board_story first(line, "attempt-1", "SN0001");
    first.up_to(stage::registered).finish("failed", "port-gone");
    board_story second(line, "attempt-2", "SN0001");
    second.up_to(stage::registered);  // its certificate stays in memory
    board_story third(line, "attempt-3", "SN0001");
    third.start().identify();
    ledger::delivered again;  // of the one that was set aside: both are under way
    again.attempt = attempt_id("attempt-3");
    again.certificate = certificate_id(first.certificate);
    line.append(again);

    third.make_csr();

    CHECK(line.query("SELECT count(*) FROM certificate WHERE state = 'orphaned'") == "2");
    CHECK(line.query("SELECT replaces FROM attempt WHERE attempt_id = 'attempt-3'") == first.certificate);
    CHECK(line.reader().verify().problems == std::vector<std::string>{});
}

TEST_CASE("what an issued certificate costs does not grow with the ledger", "[ledger]") {
    const bool in_one_group = GENERATE(true, false);
    ledger_fixture line;
    line.book.reset();
    ledger::writer to(line.how);
    std::int64_t steps = 0;
    const auto cost = [&](const std::string& id, bool with_token = true) {
        auto group = story_of(id, with_token);
        steps = 0;
        const std::size_t size = in_one_group ? group.size() : 1;
        for (std::size_t i = 0; i < group.size(); i += size)
            REQUIRE(to.write(std::span(group).subspan(i, size)) == nullptr);
        return steps;
    };
    cost("before");  // statements are prepared
    const auto count = [](void* counted) { return ++*static_cast<std::int64_t*>(counted), 0; };
    sqlite3_progress_handler(to.rows().database().getHandle(), 1, count, &steps);

    const auto few = cost("first");
    for (int i = 0; i < 300; ++i) cost(std::to_string(i), false);
    const auto many = cost("last");

    CHECK(few > 0);
    CHECK(many < few + 200);
}

TEST_CASE("an attempt has one outcome", "[ledger]") {
    ledger_fixture line;
    board_story story(line, "attempt-1", "SN0001");
    story.up_to(stage::identified).finish("failed", "port-gone");

    CHECK_THROWS_AS(story.finish("passed"), failure);
    CHECK(line.query("SELECT outcome FROM attempt") == "failed");
}

TEST_CASE("an open order is found by its product, with what has passed", "[ledger]") {
    ledger_fixture line;
    line.append(ledger::order_opened{order_name("WO-1"), product_name("meter"), 10, "kim", false});
    board_story(line, "attempt-1", "SN0001").pass();

    const auto order = run(line.io, line.book->open_order(product_name("meter")));
    const auto other = run(line.io, line.book->open_order(product_name("other")));

    REQUIRE(order);
    CHECK(order->order.text() == "WO-1");
    CHECK(order->quota == 10);
    CHECK(order->passed == 1);
    CHECK_FALSE(other);
}

TEST_CASE("a board that passes again counts once for its order", "[ledger]") {
    ledger_fixture line;
    line.append(ledger::order_opened{order_name("WO-1"), product_name("meter"), 10, "kim", false});

    board_story(line, "attempt-1", "SN0001").pass();
    board_story(line, "attempt-2", "SN0001").pass();
    board_story(line, "attempt-3", "SN0002").pass();

    CHECK(run(line.io, line.book->open_order(product_name("meter")))->passed == 2);
}

TEST_CASE("attempts left open by a crash are listed after it", "[ledger]") {
    ledger_fixture line;
    board_story(line, "attempt-1", "SN0001").pass();
    board_story(line, "attempt-2", "SN0002").up_to(stage::issued);

    line.reopen();

    const auto open = run(line.io, line.book->open_attempts());
    REQUIRE(open.size() == 1);
    CHECK(open[0].attempt.text() == "attempt-2");
    CHECK(open[0].serial.text() == "SN0002");
    CHECK(open[0].slot.text() == "A1");
}

TEST_CASE("without a thread of its own the ledger answers in the caller's turn", "[ledger]") {
    ledger_fixture line(false);

    board_story(line, "attempt-1", "SN0001").pass();

    CHECK(line.device("SN0001").reached == stage::passed);
}

TEST_CASE("an ownership token is never part of an event", "[ledger]") {
    ledger_fixture line;

    board_story(line, "attempt-1", "SN0001").up_to(stage::issued);

    CHECK(line.query("SELECT count(*) FROM event WHERE payload LIKE '%token-of-%'") == "0");
    CHECK(line.query("SELECT count(*) FROM event WHERE payload LIKE '%ownership_token_sha256%'") == "1");
    CHECK(line.device("SN0001").ownership_token.reveal() == "token-of-attempt-1");
}

TEST_CASE(
    "scheduled, the writer takes its turns when it is told to, and group commit works as with its thread",
    "[ledger]") {
    scheduled_fixture line;
    auto& turns = line.turns;
    int told = 0;
    for (int n = 0; n < 3; ++n)
        boost::asio::co_spawn(line.io, line.book->append(ledger::station_stopped{"x"}),
                              [&told](const std::exception_ptr& why, const ledger::receipt& receipt) {
                                  if (!why && receipt.seq > 0) ++told;
                              });
    line.io.run_for(std::chrono::milliseconds{20});
    CHECK(told == 0);
    CHECK(line.query("SELECT count(*) FROM event") == "0");
    REQUIRE(turns.size() == 1);
    CHECK(line.book->waiting().queued == 3);

    turns.front()();
    CHECK(line.book->waiting().queued == 0);
    line.io.restart();
    line.io.run();
    CHECK(told == 3);
    line.book->append_later(ledger::station_stopped{"y"});
    CHECK(turns.size() == 2);
    line.book.reset();  // what was accepted is written, though its turn never came
    CHECK(line.query("SELECT count(*) FROM event") == "4");
}

TEST_CASE("what comes together is one transaction: questions between events and a transcript do not cut it",
          "[ledger]") {
    scheduled_fixture line;
    auto& turns = line.turns;
    std::vector<std::int64_t> commits;
    line.book->on_commit([&commits](milliseconds, std::int64_t events) { commits.push_back(events); });
    const attempt_id id("attempt-1");
    ledger::identified who;
    who.attempt = id;
    who.serial = serial_number("SN0001");
    ledger::attempt_finished end;
    end.attempt = id;
    end.outcome = "failed";
    std::optional<ledger::device_record> answer;

    line.book->append_later(ledger::attempt_started{id, slot_name("A1"), "usb-1", product_name("meter")});
    boost::asio::co_spawn(
        line.io, line.book->device(serial_number("SN0001")),
        [&answer](const std::exception_ptr&, ledger::device_record found) { answer = std::move(found); });
    line.io.poll();
    line.book->append_later(std::move(who));
    line.book->store_transcript(id, "> conf get");
    line.book->append_later(std::move(end));
    REQUIRE(turns.size() == 1);
    turns.front()();
    line.io.restart();
    line.io.run();

    CHECK(commits == std::vector<std::int64_t>{3});
    REQUIRE(answer);
    CHECK(answer->reached == stage::identified);
    CHECK(line.reader().transcript("attempt-1") == "> conf get");
}
