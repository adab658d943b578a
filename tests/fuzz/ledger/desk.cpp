// SPDX-License-Identifier: Apache-2.0
#include "desk.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "core/failure.hpp"
#include "core/logger.hpp"
#include "ledger/ledger.hpp"
#include "ledger/reader.hpp"
#include "report/statistics.hpp"
#include "report/writer.hpp"
#include "support/line_story.hpp"
#include "support/run.hpp"
#include "support/scratch_directory.hpp"

namespace fleetline::fuzz {

namespace fs = std::filesystem;

namespace {

const fs::path& home() {
    static const test::scratch_directory made;
    return made.path();
}

std::string contents(const fs::path& file) {
    std::ifstream from{file, std::ios::binary};
    return {std::istreambuf_iterator<char>{from}, {}};
}

/// A ledger as the daemon opens it, without its thread.
struct opened {
    explicit opened(const fs::path& file) {
        ledger::options how;
        how.file = file;
        how.station = "line-3";
        how.create = false;
        how.threaded = false;
        how.durable = false;
        clock.at = *parse_rfc3339("2026-11-24T12:00:00Z");
        book.emplace(how, io.get_executor(), clock, log);
    }

    struct still_clock final : time_source {
        utc_time utc_now() const override { return at; }
        monotonic_time now() const override { return monotonic_time{at.time_since_epoch()}; }
        bool synchronised() const override { return true; }
        boost::asio::awaitable<void> wait_until(monotonic_time) override { co_return; }
        utc_time at{};
    };

    boost::asio::io_context io{1};
    logger log{logger::target::nowhere};
    still_clock clock;
    std::optional<ledger::ledger> book;
};

/// What a day does not have: an order with a range and a list, an attempt under way with a token, a
/// transcript.
void tell_the_rest(const fs::path& file) {
    opened here{file};
    auto& book = *here.book;
    book.append_later(ledger::order_opened{order_name{"WO-19"}, product_name{"sensor"}, 3, "Chen", true,
                                           "SN0100", "SN0102"});
    test::run(here.io,
              book.import_serials(order_name{"WO-19"}, {serial_number{"SN0100"}, serial_number{"SN0101"}}));
    const attempt_id attempt{"attempt-of-a-range"};
    book.append_later(ledger::attempt_started{attempt, slot_name{"A1"}, "usb-1", product_name{"sensor"}});
    book.append_later(ledger::serial_assigned{attempt, order_name{"WO-19"}});
    book.append_later(ledger::csr_made{attempt, "5c", "4b", "device"});
    ledger::issued made;
    made.attempt = attempt;
    made.certificate = certificate_id{"ce47"};
    made.certificate_pem = "PEM";
    made.ownership_token = secret("token");
    made.token_expires = here.clock.at + std::chrono::hours{1};
    book.append_later(std::move(made));
    book.append_later(ledger::certificate_set_aside{{}, "unaccounted", "no answer came", attempt, {}, {}});
    book.append_later(ledger::order_closed{order_name{"WO-17"}, "Chen"});
    const attempt_id other{"attempt-with-a-transcript"};
    book.append_later(ledger::attempt_started{other, slot_name{"A2"}, "usb-2", product_name{"sensor"}});
    book.store_transcript(other, "> conf get\n< ok");
    ledger::attempt_finished end;
    end.attempt = other;
    end.outcome = "failed";
    end.failure_code = "device-no-answer";
    book.append_later(std::move(end));
    test::run(here.io, book.flush());
}

}  // namespace

const std::string& good_ledger() {
    static const std::string bytes = [] {
        const auto file = scratch("good.db");
        {
            test::line_story story{file, "line-3"};
            test::tell_a_day(story);
        }
        tell_the_rest(file);
        if (const auto why = first_problem(file); !why.empty()) wrong("the good ledger", why);
        return contents(file);
    }();
    return bytes;
}

fs::path scratch(const char* name) {
    return home() / name;
}

void write(const fs::path& file, std::string_view bytes) {
    std::ofstream{file, std::ios::binary} << bytes;
}

void put_alone(const fs::path& file, std::string_view bytes) {
    for (const auto& old : fs::directory_iterator{file.parent_path()}) fs::remove(old.path());
    write(file, bytes);
}

void ask_everything(const fs::path& file) {
    try {
        const ledger::reader book(file);
        book.verify();
        std::string line;
        book.attempts({}, [&book, &line](const ledger::attempt_row& row) {
            book.events_of(row.attempt_id);
            book.transcript(row.attempt_id);
            book.first_attempt_of(row.serial);
            book.certificates_of(row.serial);
            report::append_json_line(line, row);
            return true;
        });
        book.devices({}, [](const auto&) { return true; });
        book.certificates({}, [](const auto&) { return true; });
        book.certificates({true, *parse_rfc3339("2027-01-01T00:00:00Z")}, [](const auto&) { return true; });
        book.orders([](const auto&) { return true; });
        book.find("SN0001");
        book.find("fleet-SN0002");
        for (const auto by : {report::grouping::hour, report::grouping::product})
            report::to_json_text(report::collect(book, {}, by));
    } catch (const failure&) {
    }
}

void start_station(const fs::path& file) {
    try {
        opened here{file};
        auto& book = *here.book;
        for (const auto& open : test::run(here.io, book.open_attempts())) {
            ledger::attempt_finished end;
            end.attempt = open.attempt;
            end.outcome = "abandoned";
            book.append_later(std::move(end));
        }
        for (const char* product : {"sensor", "传感器"})
            test::run(here.io, book.open_order(product_name{product}));
        for (const char* serial : {"SN0001", "SN0002", "SN0003", "SN0006"})
            test::run(here.io, book.device(serial_number{serial}));
        test::run(here.io, book.serial_allowed(order_name{"WO-19"}, serial_number{"SN0100"}));
        test::run(here.io, book.serial_of_key(product_name{"sensor"}, "4b"));
        test::run(here.io, book.passed_attempt(attempt_id{"attempt-of-a-range"}));
        const attempt_id next{"next"};
        test::run(here.io,
                  book.append(ledger::attempt_started{next, slot_name{"A1"}, "", product_name{"sensor"}}));
        test::run(here.io, book.append(ledger::serial_assigned{next, order_name{"WO-19"}}));
    } catch (const failure&) {
    }
}

std::string first_problem(const fs::path& file) {
    const auto found = ledger::reader(file).verify();
    return found.problems.empty() ? std::string() : found.problems.front();
}

void wrong(std::string_view what, std::string_view detail) {
    std::fprintf(stderr, "%.*s: %.*s\n", static_cast<int>(what.size()), what.data(),
                 static_cast<int>(detail.size()), detail.data());
    std::abort();
}

}  // namespace fleetline::fuzz
