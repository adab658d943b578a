// SPDX-License-Identifier: Apache-2.0
// A board that goes away in the middle of its attempt (a reset of its own, of its hub, a loose contact) and
// is back soon: the attempt goes on.
#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>

#include "line.hpp"
#include "support/run.hpp"

using namespace fleetline;
using namespace fleetline::test;
using station::slot_state;

namespace {

struct patient_line {
    explicit patient_line(const std::function<void(station::station_settings&)>& change = {})
        : one(file, [change](station::station_settings& wanted) {
              wanted.longest_absence = milliseconds{600'000};
              if (change) change(wanted);
          }) {}

    void plug(const std::shared_ptr<scripted_flash>& flash) {
        one.here.plugged(slot_name{"A1"}, plug_of(flash));
    }
    void blink(const std::shared_ptr<scripted_flash>& flash) {
        one.here.unplugged(slot_name{"A1"});
        plug(flash);
    }
    /// `left` goes away before it has done what it is asked to; `back` is what is plugged then.
    void blink_before(const std::string& step, const std::shared_ptr<scripted_flash>& left,
                      const std::shared_ptr<scripted_flash>& back, int times = 1) {
        // Weak: it may be the board itself.
        left->before = [this, step, left = left.get(), back = std::weak_ptr(back),
                        times](const std::string& at) mutable {
            if (at != step || times-- <= 0) return;
            left->fails[at] = "port-gone";
            blink(back.lock());
        };
    }
    void until_outcome() {
        one.until([this] { return one.slot().duration.has_value(); });
    }

    std::int64_t events(const std::string& attempt, const std::string& kind, const std::string& part = {}) {
        std::int64_t count = 0;
        for (const auto& event : ledger::reader(file).events_of(attempt))
            count += event.kind == kind && event.payload_json.find(part) != std::string::npos ? 1 : 0;
        return count;
    }

    std::vector<ledger::attempt_row> attempts() {
        one.stop();
        const ledger::reader book(file);
        CHECK(book.verify().problems.empty());
        std::vector<ledger::attempt_row> rows;
        book.attempts({}, [&](const ledger::attempt_row& row) {
            rows.push_back(row);
            return true;
        });
        return rows;
    }

    temporary_directory directory;
    std::filesystem::path file = directory.path / "ledger.db";
    line one;
};

void by_console(station::station_settings& wanted) {
    wanted.products.front().source = station::serial_source::device;
}

/// `tells` in a fixture whose adapter has a USB serial number of its own.
std::shared_ptr<scripted_flash> in_fixture(const std::string& tells) {
    auto flash = new_board("FT1234");
    flash->tells = tells;
    return flash;
}

}  // namespace

TEST_CASE("an attempt goes on when its board is back, whatever it was at", "[station][absence]") {
    const std::string step = GENERATE("identify", "make_csr", "deliver", "prove", "finish");
    const bool after = GENERATE(false, true);
    CAPTURE(step, after);
    patient_line l;
    const auto flash = new_board("SN1");
    bool was_away = false;
    if (after)
        flash->after = [&](const std::string& at) {
            if (at == step && !std::exchange(was_away, true)) l.blink(flash);
        };
    else
        l.blink_before(step, flash, flash);
    l.plug(flash);
    l.until_outcome();

    CHECK(was_away == after);
    CHECK(l.one.slot().state == slot_state::passed);
    CHECK(l.one.slot().plugged);
    // Nothing is asked of the cloud a second time once the certificate is the board's.
    CHECK(l.one.cloud.issue_calls == 1);
    CHECK(l.one.cloud.register_calls == 1);
    const auto rows = l.attempts();
    REQUIRE(rows.size() == 1);
    CHECK(rows.front().outcome == "passed");
    CHECK(rows.front().serial == "SN1");
    CHECK(l.events(rows.front().attempt_id, "admitted") == 1);
}

TEST_CASE("a rework that its board leaves and comes back to is one rework", "[station][absence]") {
    patient_line l;
    const auto flash = new_board("SN1");
    REQUIRE(l.one.attempt(flash).state == slot_state::passed);
    run(l.one.io, l.one.book.append(ledger::rework_authorised{serial_number{"SN1"}, "antenna", "Lin"}));
    l.blink_before("deliver", flash, flash);
    l.plug(flash);
    l.one.until([&] { return l.one.cloud.issue_calls == 2 && l.one.slot().duration.has_value(); });

    CHECK(l.one.slot().state == slot_state::passed);
    const auto rows = l.attempts();
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].replaces_certificate_id == rows[1].certificate_id);
    CHECK(l.events(rows[0].attempt_id, "admitted", "\"rework\":true") == 1);
    CHECK(l.events(rows[0].attempt_id, "admitted") == 1);
}

TEST_CASE("an attempt waits for its board, until the station is told otherwise", "[station][absence]") {
    patient_line l;
    const auto flash = new_board("SN1");
    flash->before = [&](const std::string& at) {
        if (at == "deliver" && flash->deliveries == 0) l.one.here.unplugged(slot_name{"A1"});
    };
    l.plug(flash);
    l.one.until([&] { return !l.one.slot().plugged; });
    const auto id = l.one.slot().attempt;
    // The other slot has its whole way meanwhile.
    REQUIRE(l.one.attempt(new_board("SN77"), "A2").state == slot_state::passed);
    CHECK_FALSE(l.one.slot().duration.has_value());

    SECTION("the board comes back") {
        flash->before = nullptr;
        l.plug(flash);
        l.until_outcome();
        CHECK(l.one.slot().state == slot_state::passed);
        CHECK(l.one.slot().attempt == id);
        CHECK(l.attempts().size() == 2);
    }
    SECTION("another board is put there") {
        l.plug(new_board("SN2"));
        l.one.until([&] { return l.one.slot().attempt != id && l.one.slot().duration.has_value(); });
        CHECK(l.one.slot().state == slot_state::passed);
        CHECK(l.one.slot().serial == serial_number{"SN2"});
        CHECK(l.attempts().size() == 3);
    }
    SECTION("the station is stopped") {
        l.one.stop();
        CHECK(l.one.slot().failure_code == "port-gone");
    }
}

TEST_CASE("a board that stays away ends its attempt", "[station][absence]") {
    patient_line l([](auto& wanted) { wanted.longest_absence = milliseconds{1}; });
    const auto flash = new_board("SN1");
    flash->before = [&](const std::string& at) {
        if (at == "deliver") l.one.here.unplugged(slot_name{"A1"});
    };
    l.plug(flash);
    l.until_outcome();
    CHECK(l.one.slot().failure_code == "port-gone");
    CHECK(l.one.slot().state == slot_state::failed);
}

TEST_CASE("what a board says while it is being unplugged is not held against it", "[station][absence]") {
    patient_line l([](auto& wanted) { wanted.longest_absence = milliseconds{0}; });
    const auto flash = new_board("SN1");
    flash->before = [&](const std::string& at) {
        if (at != "deliver") return;
        flash->fails[at] = "device-write-failed";
        // The watcher's word comes after what the terminal yielded.
        boost::asio::post(
            l.one.io, [&l] { boost::asio::post(l.one.io, [&l] { l.one.here.unplugged(slot_name{"A1"}); }); });
    };
    l.plug(flash);
    l.until_outcome();
    CHECK(l.one.slot().failure_code == "port-gone");
}

TEST_CASE("another board in the same fixture is not taken for the one that left", "[station][absence]") {
    patient_line l(by_console);
    const auto first = in_fixture("SN1");
    const auto second = in_fixture("SN2");
    l.blink_before("deliver", first, second);
    l.plug(first);
    l.one.until([&] { return l.one.slot().serial == serial_number{"SN2"} && l.one.slot().duration; });

    CHECK(l.one.slot().state == slot_state::passed);
    CHECK(first->certificate_der.empty());
    const auto rows = l.attempts();  // newest first
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].serial == "SN2");
    CHECK(rows[1].serial == "SN1");
    CHECK(rows[1].failure_code == "port-gone");
    CHECK(rows[1].failure_text.find("SN2") != std::string::npos);
}

TEST_CASE("a number of the order stays with its board, or is not used again", "[station][absence]") {
    patient_line l([](auto& wanted) { wanted.products.front().source = station::serial_source::range; });
    ledger::order_opened opened;
    opened.order = order_name{"WO-1"};
    opened.product = product_name{"widget"};
    opened.by = "test";
    opened.first_serial = "SN1";
    opened.last_serial = "SN9";
    run(l.one.io, l.one.book.append(std::move(opened)));
    const auto flash = new_board("FT1234");
    const std::string step = GENERATE("make_csr", "deliver");
    l.blink_before(step, flash, flash);
    l.plug(flash);
    l.one.until([&] { return l.one.slot().state == slot_state::passed && l.one.slot().duration; });
    const auto rows = l.attempts();
    if (step == "deliver") {  // it has a key by then
        CHECK(rows.size() == 1);
        CHECK(rows.front().serial == "SN1");
    } else {
        REQUIRE(rows.size() == 2);
        CHECK(rows[0].serial == "SN2");
        CHECK(rows[1].failure_code == "port-gone");
    }
}

TEST_CASE("a loose contact is not worked on for ever", "[station][absence]") {
    patient_line l;
    const auto flash = new_board("SN1");
    l.blink_before("deliver", flash, flash, 4);
    l.plug(flash);
    l.one.until([&] { return l.one.slot().state == slot_state::passed && l.one.slot().duration; });
    const auto rows = l.attempts();
    REQUIRE(rows.size() == 2);
    CHECK(rows[1].failure_code == "port-gone");
    CHECK(l.one.cloud.issue_calls == 1);
}

TEST_CASE("a scanned label stays with its board over an absence", "[station][absence]") {
    patient_line l([](auto& wanted) {
        wanted.products.front().start = station::start_rule::on_scan;
        wanted.products.front().source = station::serial_source::scan;
    });
    const auto flash = in_fixture("");
    l.blink_before("deliver", flash, flash);
    l.plug(flash);
    l.one.until([&] { return l.one.slot().state == slot_state::waiting_for_scan; });
    l.one.here.scan(serial_number{"SN5"}, slot_name{"A1"});
    l.until_outcome();
    CHECK(l.one.slot().state == slot_state::passed);
    CHECK(l.one.slot().serial == serial_number{"SN5"});
    CHECK(l.attempts().size() == 1);
}
