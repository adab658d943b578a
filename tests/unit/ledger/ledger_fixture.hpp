// SPDX-License-Identifier: Apache-2.0
// A real ledger file in a directory of its own, and the events of boards that go well or less well.
#pragma once

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <memory>
#include <string>

#include "core/logger.hpp"
#include "core/time_source.hpp"
#include "ledger/ledger.hpp"
#include "ledger/reader.hpp"
#include "support/run.hpp"

namespace fleetline::test {

/// A clock that stands still until it is told to go on.
class standing_clock final : public time_source {
  public:
    utc_time utc_now() const override { return utc; }
    monotonic_time now() const override { return monotonic_time{utc.time_since_epoch()}; }
    bool synchronised() const override { return in_sync; }
    boost::asio::awaitable<void> wait_until(monotonic_time) override { co_return; }

    utc_time utc = *parse_rfc3339("2026-11-24T08:00:00Z");
    bool in_sync = true;
};

class temporary_directory {
  public:
    temporary_directory();
    ~temporary_directory();
    temporary_directory(const temporary_directory&) = delete;
    temporary_directory& operator=(const temporary_directory&) = delete;

    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

class ledger_fixture {
  public:
    /// Without fsync unless a test is about that: a disk takes some milliseconds for each.
    explicit ledger_fixture(bool threaded = true, bool durable = false) {
        how.file = directory.path() / "ledger.db";
        how.station = "line-1";
        how.threaded = threaded;
        how.durable = durable;
        open();
    }

    void open() { book = std::make_unique<ledger::ledger>(how, io.get_executor(), clock, log); }
    void reopen() {
        book.reset();
        open();
    }

    ledger::receipt append(ledger::event what) {
        clock.utc += milliseconds{7};
        return run(io, book->append(std::move(what)));
    }
    ledger::device_record device(const std::string& serial) {
        return run(io, book->device(serial_number(serial)));
    }
    ledger::reader reader() const { return ledger::reader(how.file); }

    /// Writes with a connection of its own, as an attacker with the file would.
    void sql(const std::string& text) const;
    std::string query(const std::string& text) const;

    temporary_directory directory;
    ledger::options how;
    boost::asio::io_context io{1};
    standing_clock clock;
    logger log{logger::target::nowhere};
    std::unique_ptr<ledger::ledger> book;
};

/// The events of one attempt, in the order of the procedure; append them up to any of them.
class board_story {
  public:
    board_story(ledger_fixture& line, std::string attempt, std::string serial);

    board_story& start();
    board_story& identify();
    board_story& admit(bool rework = false);
    board_story& resume(const std::string& from, const std::string& action);
    board_story& make_csr();
    board_story& request_issue();
    board_story& issue();
    board_story& request_registration();
    board_story& register_thing();
    board_story& start_delivery();
    board_story& deliver();
    board_story& prove();
    board_story& finish(const std::string& outcome, const std::string& code = {});

    /// Everything up to `last`, which is one of the stages.
    board_story& up_to(ledger::stage last);
    board_story& go_on_to(ledger::stage last);  ///< it has begun
    board_story& pass();

    std::string certificate;  ///< of the attempt, or the one it resumes

  private:
    board_story& append(ledger::event what);

    ledger_fixture& line_;
    attempt_id attempt_;
    serial_number serial_;
};

}  // namespace fleetline::test
