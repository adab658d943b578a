// SPDX-License-Identifier: Apache-2.0
#include "report/statistics.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "report_fixture.hpp"

using namespace fleetline;
using report::grouping;

namespace {

ledger::filter between(const char* since, const char* until) {
    ledger::filter wanted;
    wanted.since = *parse_rfc3339(since);
    wanted.until = *parse_rfc3339(until);
    return wanted;
}

/// Two days: SN1 fails first, passes later; SN2 passes on the first day and is reworked on the second; SN3
/// fails on the second day only.
struct two_days {
    two_days() {
        test::line_story line{directory.file("ledger.db"), "line-3"};
        line.at("2026-11-02T08:00:00Z");
        line.fails({"SN1", "A1"}, "deliver", "device-write-failed", "");
        line.passes({"SN1", "A2"}, milliseconds{10'000});
        line.at("2026-11-02T10:00:00Z");
        line.passes({"SN2", "A1"}, milliseconds{20'000});
        line.is_refused({"SN2", "A1"}, "already-provisioned", "");
        line.at("2026-11-03T08:00:00Z");
        line.is_reworked({"SN2", "A1"}, "antenna");
        line.fails({"SN3", "A1"}, "prove", "device-proof-failed", "");
        line.is_abandoned({"SN3", "A1"}, "csr");
    }
    report::statistics collect(const ledger::filter& wanted, grouping by = grouping::none) const {
        return report::collect(ledger::reader{directory.file("ledger.db")}, wanted, by);
    }
    test::scratch_directory directory;
};

}  // namespace

TEST_CASE("yields follow their definitions", "[report]") {
    const two_days line;

    const auto all = line.collect({}).total;

    CHECK(all.first_attempts == 3);
    CHECK(all.first_passed == 1);
    CHECK(all.units == 3);
    CHECK(all.units_final == 2);
    CHECK(all.units_passed == 2);
    CHECK(all.passed == 3);
    CHECK(all.attempts() == 6);
    CHECK(all.refused == 1);
    CHECK(all.first_pass_yield() == Approx(1.0 / 3));
    CHECK(all.attempt_yield() == Approx(0.5));
}

TEST_CASE("a board first tried before the period does not count in its first-pass yield", "[report]") {
    const two_days line;

    const auto second = line.collect(between("2026-11-03", "2026-11-04")).total;

    CHECK(second.units == 2);
    CHECK(second.first_attempts == 1);
    CHECK(second.first_passed == 0);
    CHECK(second.units_final == 1);
}

TEST_CASE("boards per hour counts the clock hours with work", "[report]") {
    const two_days line;

    const auto first = line.collect(between("2026-11-02", "2026-11-03")).total;

    CHECK(first.hours == 2);
    CHECK(first.units_per_hour() == Approx(1.0));
    CHECK(first.cycle.quantile(1.0).value() == Approx(20'000).epsilon(0.005));
}

TEST_CASE("figures by hour, day and slot add up to the whole", "[report]") {
    const two_days line;
    for (const auto by :
         {grouping::hour, grouping::day, grouping::slot, grouping::product, grouping::order}) {
        const auto found = line.collect({}, by);
        std::int64_t attempts = 0;
        std::int64_t first = 0;
        for (const auto& group : found.groups) {
            attempts += group.all.attempts();
            first += group.all.first_attempts;
        }
        CHECK(attempts == found.total.attempts());
        CHECK(first == found.total.first_attempts);
    }
    const auto days = line.collect({}, grouping::day).groups;
    REQUIRE(days.size() == 2);
    CHECK(days[0].name == "2026-11-02T00:00:00.000Z");
}

TEST_CASE("a board whose attempts lie far apart is one unit, also when it is not remembered any more",
          "[report]") {
    const test::scratch_directory directory;
    {
        test::line_story line{directory.file("ledger.db"), "line-3"};
        std::mt19937 chance{6};
        for (int n = 0; n < 300; ++n) {
            line.at("2026-11-0" + std::to_string(1 + n / 75) + "T08:00:00Z");
            const test::board which{"SN" + std::to_string(chance() % 40), "A" + std::to_string(chance() % 3),
                                    "sensor", "WO-" + std::to_string(n % 2)};
            switch (chance() % 4) {
                case 0:
                    line.passes(which);
                    break;
                case 1:
                    line.is_refused(which, "already-provisioned", "");
                    break;
                default:
                    line.fails(which, "prove", "device-proof-failed", "");
            }
        }
    }
    const ledger::reader book{directory.file("ledger.db")};
    auto one_order = between("2026-11-02", "2026-11-04");
    one_order.order = "WO-1";
    for (const auto& wanted : {ledger::filter{}, between("2026-11-02", "2026-11-04"), one_order})
        for (const auto by :
             {grouping::none, grouping::hour, grouping::day, grouping::slot, grouping::order}) {
            const auto all = report::collect(book, wanted, by);
            CHECK(all.total.units <= 40);
            CHECK(all.total.units_final < all.total.units_passed);
            for (const std::size_t remembered : {0U, 1U, 7U})
                CHECK(report::to_json_text(report::collect(book, wanted, by, remembered)) ==
                      report::to_json_text(all));
        }
}

TEST_CASE("a board that is tried all the time is not read again for each group", "[report]") {
    const test::scratch_directory directory;
    {
        test::line_story line{directory.file("ledger.db"), "line-3"};
        line.at("2026-11-02T08:00:00Z");
        for (int n = 0; n < 1000; ++n) {
            line.fails({"GOLDEN"}, "prove", "device-proof-failed", "");
            line.later(std::chrono::minutes{30});
        }
    }
    const ledger::reader book{directory.file("ledger.db")};
    std::int64_t asked = 0;  // each twenty thousand steps of SQLite's
    book.break_off_when([&asked] {
        ++asked;
        return false;
    });
    const auto steps_of = [&](grouping by) {
        asked = 0;
        CHECK(report::collect(book, {}, by).total.units == 1);
        return asked;
    };
    const auto at_once = steps_of(grouping::none);
    CHECK(steps_of(grouping::hour) <= at_once + 1);
    CHECK(steps_of(grouping::day) <= at_once + 1);
}

TEST_CASE("failures are counted by code, the most frequent first", "[report]") {
    const two_days line;
    const auto failures = line.collect({}).failures;
    REQUIRE(failures.size() == 4);
    CHECK(failures[0].count == 1);
    const auto one_day = line.collect(between("2026-11-03", "2026-11-04")).failures;
    REQUIRE(one_day.size() == 2);
}

TEST_CASE("failures and refusals add up to the attempts that did not pass, and to the refused ones",
          "[report]") {
    const two_days line;
    const auto found = line.collect({});
    std::int64_t not_passed = 0, refused = 0;
    for (const auto& one : found.failures) {
        not_passed += one.not_passed();
        refused += one.refused;
    }
    CHECK(not_passed == found.total.failed + found.total.abandoned);
    CHECK(refused == found.total.refused);
    CHECK(report::to_json_text(found).find(R"({"code":"already-provisioned","count":1,"refused":1})") !=
          std::string::npos);
}

TEST_CASE("slots come in the order in which people count them", "[report]") {
    const test::scratch_directory directory;
    {
        test::line_story line{directory.file("ledger.db"), "line-3"};
        for (const auto* slot : {"A10", "B1", "A2", "A1"}) line.passes({"SN" + std::string{slot}, slot});
    }
    std::string names;
    for (const auto& group :
         report::collect(ledger::reader{directory.file("ledger.db")}, {}, grouping::slot).groups)
        names += group.name + ' ';
    CHECK(names == "A1 A2 A10 B1 ");
}

TEST_CASE("an empty period has no yield, and says so in JSON", "[report]") {
    const two_days line;
    const auto found = line.collect(between("2020-01-01", "2020-01-02"));
    CHECK_FALSE(found.total.first_pass_yield());
    CHECK(report::to_json_text(found).find("\"first_pass_yield\":null") != std::string::npos);
}
