// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "line.hpp"

using namespace fleetline;
using namespace fleetline::test;

TEST_CASE("of two boards with one serial, one goes on and the other is refused", "[station][I6]") {
    temporary_directory directory;
    line one(directory.path / "ledger.db");
    one.here.plugged(slot_name{"A1"}, plug_of(new_board("SN1")));
    one.here.plugged(slot_name{"A2"}, plug_of(new_board("SN1")));

    one.until([&] { return one.slot("A1").duration.has_value() && one.slot("A2").duration.has_value(); });

    const auto first = one.slot("A1");
    const auto second = one.slot("A2");
    CHECK((first.state == station::slot_state::passed) != (second.state == station::slot_state::passed));
    const auto& refused = first.state == station::slot_state::passed ? second : first;
    CHECK(refused.failure_code == "order-in-progress");
    CHECK(refused.failure_reason.find("in slot A") != std::string::npos);
    CHECK(one.cloud.issue_calls == 1);
}

TEST_CASE("a board moved to another slot waits for what its first attempt still has under way",
          "[station][I6]") {
    temporary_directory directory;
    line one(directory.path / "ledger.db");
    const auto flash = new_board("SN1");
    int keys = 0;
    flash->after = [&](const std::string& step) {
        // Moved at the moment the CSR is out: the cloud call of the first attempt is about to be sent.
        if (step != "make_csr" || ++keys > 1) return;
        one.here.unplugged(slot_name{"A1"});
        one.here.plugged(slot_name{"A2"}, plug_of(flash));
    };
    one.here.plugged(slot_name{"A1"}, plug_of(flash));

    one.until([&] { return one.slot("A2").duration.has_value(); });

    INFO(one.slot("A1").failure_reason << " / " << one.slot("A2").failure_reason);
    CHECK(one.slot("A1").failure_code == "port-gone");
    CHECK(one.slot("A2").state == station::slot_state::passed);
}

TEST_CASE("PASS stays shown after the board has left, until the next plug", "[station]") {
    temporary_directory directory;
    line one(directory.path / "ledger.db");
    (void)one.attempt(new_board("SN1"));
    CHECK(one.slot().state == station::slot_state::passed);
    CHECK_FALSE(one.slot().plugged);

    const auto next = one.attempt(new_board("SN2"));
    CHECK(next.serial == serial_number{"SN2"});
}

TEST_CASE(
    "an outcome that the ledger could not take is recorded as it was shown when the ledger can be written",
    "[station]") {
    temporary_directory directory;
    const auto inner = directory.path / "inner";
    const auto away = directory.path / "away";
    std::filesystem::create_directory(inner);
    line one(inner / "ledger.db");
    const auto flash = new_board("SN1");
    flash->after = [&](const std::string& step) {
        if (step == "make_csr" && std::filesystem::exists(inner)) std::filesystem::rename(inner, away);
    };
    one.here.plugged(slot_name{"A1"}, plug_of(flash));
    one.until([&] { return one.slot().state == station::slot_state::failed; });
    CHECK(one.slot().failure_code == "station-ledger-unwritable");
    const auto shown = one.slot().attempt;
    one.here.unplugged(slot_name{"A1"});

    std::filesystem::rename(away, inner);
    flash->after = nullptr;

    CHECK(one.attempt(flash).state == station::slot_state::passed);
    const ledger::reader book(inner / "ledger.db");
    ledger::filter wanted;
    wanted.attempt = shown.text();
    std::string recorded;
    book.attempts(wanted, [&](const ledger::attempt_row& row) {
        recorded += row.outcome + " " + row.failure_code;
        return true;
    });
    CHECK(recorded == "failed station-ledger-unwritable");
    CHECK(book.verify().problems.empty());
}

TEST_CASE("a failed board is tried again where it sits", "[station]") {
    temporary_directory directory;
    line one(directory.path / "ledger.db");
    const auto flash = new_board("SN1");
    flash->fails["make_csr"] = "device-key-failed";
    one.here.plugged(slot_name{"A1"}, plug_of(flash));
    one.until([&] { return one.slot().duration.has_value(); });
    const auto first = one.slot().attempt;

    one.here.retry(slot_name{"A1"});
    one.until([&] { return one.slot().attempt != first && one.slot().duration.has_value(); });

    CHECK(one.slot().state == station::slot_state::passed);
    CHECK_THROWS_AS(one.here.retry(slot_name{"A2"}), failure);
    CHECK_THROWS_AS(one.here.retry(slot_name{"Z9"}), failure);
}

TEST_CASE("a port that cannot be opened fails the attempt with its own code", "[station]") {
    temporary_directory directory;
    line one(directory.path / "ledger.db");
    station::plug broken;
    broken.usb_serial = "SN1";
    broken.open = []() -> boost::asio::awaitable<std::unique_ptr<station::board>> {
        throw failure("port-busy", "Opening", "port", "held by another program");
        co_return nullptr;
    };
    one.here.plugged(slot_name{"A1"}, broken);
    one.until([&] { return one.slot().duration.has_value(); });
    CHECK(one.slot().failure_code == "port-busy");
}

TEST_CASE("a board that is unplugged while its port does not open ends, and the slot takes the next",
          "[station]") {
    temporary_directory directory;
    line one(directory.path / "ledger.db");
    signal never(one.io.get_executor());
    station::plug stuck;
    stuck.usb_serial = "SN1";
    bool asked = false;
    stuck.open = [&]() -> boost::asio::awaitable<std::unique_ptr<station::board>> {
        asked = true;
        co_await never.wait();
        co_return nullptr;
    };
    one.here.plugged(slot_name{"A1"}, stuck);
    one.until([&] { return asked; });
    one.here.unplugged(slot_name{"A1"});
    one.until([&] { return one.slot().duration.has_value(); });
    CHECK(one.slot().failure_code == "port-gone");
    CHECK(one.attempt(new_board("SN2")).state == station::slot_state::passed);
}

TEST_CASE("a stop lets the board that has a certificate finish, and takes no new one", "[station]") {
    temporary_directory directory;
    const auto file = directory.path / "ledger.db";
    line one(file);
    const auto flash = new_board("SN1");
    flash->before = [&](const std::string& step) {
        if (step == "deliver") one.here.stop();
    };
    one.here.plugged(slot_name{"A1"}, plug_of(flash));
    one.until([&] { return one.slot().duration.has_value(); });
    CHECK(one.slot().state == station::slot_state::passed);
    one.stop();
    CHECK(one.here.status().stopping);
}

TEST_CASE("a stop ends a board that has no certificate yet, as abandoned", "[station]") {
    temporary_directory directory;
    const auto file = directory.path / "ledger.db";
    {
        line one(file);
        one.cloud.up.reset();
        one.here.plugged(slot_name{"A1"}, plug_of(new_board("SN1")));
        one.until([&] { return one.slot().state == station::slot_state::waiting_for_cloud; });
        one.stop();
        CHECK(one.slot().state == station::slot_state::abandoned);
        CHECK(one.slot().failure_code == "station-stopping");
    }
    line again(file);
    CHECK(again.attempt(new_board("SN1")).state == station::slot_state::passed);
}

TEST_CASE("each step of an attempt is counted once, with what it took", "[station]") {
    temporary_directory directory;
    std::vector<std::string> steps;
    std::int64_t took = 0;
    line one(directory.path / "ledger.db", [&](auto& wanted) {
        wanted.step_took = [&](station::step which, milliseconds duration) {
            steps.emplace_back(to_text(which));
            took += duration.count();
        };
    });
    const auto passed = one.attempt(new_board("SN1"));
    CHECK(passed.state == station::slot_state::passed);
    CHECK(steps == std::vector<std::string>{"identify", "admit", "csr", "issue", "register", "deliver",
                                            "prove", "finish"});
    CHECK(took == passed.duration->count());

    steps.clear();
    const auto flash = new_board("SN2");
    flash->fails["make_csr"] = "device-key-failed";
    (void)one.attempt(flash);
    CHECK(steps == std::vector<std::string>{"identify", "admit", "csr"});
}
