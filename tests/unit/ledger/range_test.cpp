// SPDX-License-Identifier: Apache-2.0
// Serial numbers that an order hands out: each once, whatever happens.
#include <catch2/catch.hpp>
#include <filesystem>
#include <functional>
#include <set>

#include "core/failure.hpp"
#include "ledger_fixture.hpp"

using namespace fleetline;
using namespace fleetline::test;

namespace {

void open_range(ledger_fixture& line, const std::string& order, const std::string& first,
                const std::string& last) {
    ledger::order_opened opened;
    opened.order = order_name(order);
    opened.product = product_name("meter");
    opened.by = "kim";
    opened.first_serial = first;
    opened.last_serial = last;
    line.append(std::move(opened));
}

ledger::serial_assigned next_of(const std::string& order, const std::string& attempt) {
    return {attempt_id(attempt), order_name(order)};
}

/// Another board is plugged and gets its number.
std::string number_from(ledger_fixture& line, const std::string& order, const std::string& attempt) {
    board_story(line, attempt, "").start();
    return line.append(next_of(order, attempt)).serial.text();
}

std::string code_of(const std::function<void()>& what) {
    try {
        what();
    } catch (const failure& why) {
        return why.code();
    }
    return {};
}

/// What lists and the station tell of each order, before the number is given away.
std::vector<std::string> next_numbers(const ledger_fixture& line) {
    std::vector<std::string> found;
    line.reader().orders([&](const ledger::order_row& row) {
        found.push_back(row.order + " " + row.next_serial);
        return true;
    });
    return found;
}

std::vector<std::string> problems(const ledger_fixture& line) {
    return line.reader().verify().problems;
}

}  // namespace

TEST_CASE("an order's numbers are handed out in turn, and the ledger goes on where it was", "[ledger]") {
    ledger_fixture line;
    open_range(line, "WO-1", "SN08", "SN11");
    CHECK(number_from(line, "WO-1", "a1") == "SN08");
    CHECK(number_from(line, "WO-1", "a2") == "SN09");
    line.reopen();
    CHECK(number_from(line, "WO-1", "a3") == "SN10");
    CHECK(line.query("SELECT payload FROM event WHERE kind = 'serial-assigned' ORDER BY seq LIMIT 1") ==
          R"({"order":"WO-1","serial":"SN08"})");
    CHECK(line.query("SELECT serial, serial_source FROM attempt WHERE attempt_id = 'a3'") == "SN10|range");
    CHECK(line.query("SELECT last_assigned FROM work_order") == "SN10");
    CHECK(problems(line).empty());
}

TEST_CASE("numbers asked for at once are different ones", "[ledger]") {
    const bool threaded = GENERATE(true, false);
    ledger_fixture line(threaded);
    open_range(line, "WO-1", "SN0001", "SN0100");
    std::set<std::string> given;
    std::vector<boost::asio::awaitable<ledger::receipt>> asked;
    for (int i = 0; i < 20; ++i) {
        const auto attempt = "a" + std::to_string(i);
        board_story(line, attempt, "").start();
        asked.push_back(line.book->append(next_of("WO-1", attempt)));
    }
    for (auto& one : asked) given.insert(run(line.io, std::move(one)).serial.text());
    CHECK(given.size() == 20);
    CHECK(*given.rbegin() == "SN0020");
    CHECK(problems(line).empty());
}

TEST_CASE("what a power cut leaves does not hand a number out again", "[ledger]") {
    ledger_fixture line(true, true);
    open_range(line, "WO-1", "SN1", "SN9");
    CHECK(number_from(line, "WO-1", "a1") == "SN1");
    // The files as they are at the moment of the answer, with nothing closed.
    ledger_fixture later;
    later.book.reset();
    for (const auto* suffix : {"", "-wal"}) {
        std::filesystem::remove(later.how.file.string() + suffix);
        if (std::filesystem::exists(line.how.file.string() + suffix))
            std::filesystem::copy_file(line.how.file.string() + suffix, later.how.file.string() + suffix);
    }
    later.open();
    CHECK(number_from(later, "WO-1", "a2") == "SN2");
    CHECK(problems(later).empty());
}

TEST_CASE("a number that a board has already is passed over", "[ledger]") {
    ledger_fixture line;
    board_story(line, "labelled", "SN2").pass();
    open_range(line, "WO-1", "SN1", "SN5");
    open_range(line, "WO-2", "SN1", "SN5");
    CHECK(number_from(line, "WO-1", "a1") == "SN1");
    CHECK(next_numbers(line) == std::vector<std::string>{"WO-2 SN3", "WO-1 SN3"});
    CHECK(number_from(line, "WO-1", "a2") == "SN3");
    CHECK(number_from(line, "WO-2", "a3") == "SN4");
    CHECK(number_from(line, "WO-1", "a4") == "SN5");
    CHECK(next_numbers(line) == std::vector<std::string>{"WO-2 ", "WO-1 "});
    CHECK(problems(line).empty());
}

TEST_CASE("an order without numbers left says so, to its caller alone", "[ledger]") {
    ledger_fixture line;
    open_range(line, "WO-1", "SN1", "SN1");
    CHECK(number_from(line, "WO-1", "a1") == "SN1");
    board_story(line, "a2", "").start();
    // In one transaction with others.
    line.book->append_later(ledger::station_started{"1", "before"});
    auto refused = line.book->append(next_of("WO-1", "a2"));
    line.book->append_later(ledger::station_started{"1", "after"});
    CHECK(code_of([&] { run(line.io, std::move(refused)); }) == "order-range-exhausted");
    run(line.io, line.book->flush());
    CHECK(line.query("SELECT count(*) FROM event WHERE kind = 'station-started'") == "2");
    CHECK(line.book->writable());
    CHECK(code_of([&] { line.append(next_of("WO-9", "a2")); }) == "station-internal");
    line.append(ledger::order_closed{order_name("WO-1"), "kim"});
    CHECK(code_of([&] { line.append(next_of("WO-1", "a2")); }) == "station-internal");
    CHECK(problems(line).empty());
}

TEST_CASE("an order that is opened again goes on, with more numbers too", "[ledger]") {
    ledger_fixture line;
    open_range(line, "WO-1", "SN01", "SN02");
    CHECK(number_from(line, "WO-1", "a1") == "SN01");
    line.append(ledger::order_closed{order_name("WO-1"), "kim"});
    open_range(line, "WO-1", "SN01", "SN03");
    CHECK(number_from(line, "WO-1", "a2") == "SN02");
    line.append(ledger::order_closed{order_name("WO-1"), "kim"});
    open_range(line, "WO-1", "XN01", "XN03");
    CHECK(number_from(line, "WO-1", "a3") == "XN01");
    CHECK(problems(line).empty());
}

TEST_CASE("a board is known by its key, within its product", "[ledger]") {
    ledger_fixture line;
    open_range(line, "WO-1", "SN1", "SN9");
    CHECK(number_from(line, "WO-1", "a1") == "SN1");
    ledger::csr_made made;
    made.attempt = attempt_id("a1");
    made.public_key_sha256 = "k1";
    line.append(std::move(made));
    const auto known = [&](const char* product, const char* key) {
        return run(line.io, line.book->serial_of_key(product_name(product), key)).text();
    };
    CHECK(known("meter", "k1") == "SN1");
    CHECK(known("meter", "k2").empty());
    CHECK(known("toaster", "k1").empty());
    CHECK(line.query(
                  "EXPLAIN QUERY PLAN SELECT serial FROM attempt WHERE public_key_sha256 = 'k' AND "
                  "serial_source = 'range' AND product = 'p' AND serial IS NOT NULL ORDER BY last_event DESC")
              .find("attempt_by_key") != std::string::npos);
}

TEST_CASE("a range's rows that are not what the events made them are found", "[ledger][verify]") {
    const std::string column = GENERATE("last_assigned", "first_serial", "last_serial");
    ledger_fixture line;
    open_range(line, "WO-1", "SN1", "SN9");
    CHECK(number_from(line, "WO-1", "a1") == "SN1");
    line.sql("UPDATE work_order SET " + column + " = 'SN0'");
    const auto found = problems(line);
    REQUIRE(found.size() == 1);
    CHECK(found[0].find(column) != std::string::npos);
}
