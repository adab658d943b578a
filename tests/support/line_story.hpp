// SPDX-License-Identifier: Apache-2.0
// A ledger as a line would have filled it: boards that pass, fail, are refused or left behind, at times the
// story says. Written through lib/ledger, in virtual time and without fsync; the same story gives the same
// file. For tests of whatever reads ledgers.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "core/logger.hpp"
#include "core/time_source.hpp"
#include "ledger/ledger.hpp"

namespace fleetline::test {

class story_clock final : public time_source {
  public:
    utc_time utc_now() const override { return utc; }
    monotonic_time now() const override { return monotonic_time{utc.time_since_epoch()}; }
    bool synchronised() const override { return in_sync; }
    boost::asio::awaitable<void> wait_until(monotonic_time) override { co_return; }

    utc_time utc{};
    bool in_sync = true;
};

/// Who sits where. Every member has a usual value.
struct board {
    std::string serial;
    std::string slot = "A1";
    std::string product = "sensor";
    std::string order = "WO-17";
    std::string operator_name = "Lin";
    std::string firmware = "1.4.2";
};

class line_story {
  public:
    line_story(std::filesystem::path file, std::string station);
    ~line_story();

    void at(const std::string& rfc3339);
    void later(milliseconds time) { clock.utc += time; }

    void opens_order(const std::string& order, const std::string& product, std::int64_t quota);

    void passes(const board& which, milliseconds takes = milliseconds{12'400});
    void is_reworked(const board& which, const std::string& reason);

    /// Goes wrong in `step` (identify, csr, issue, register, deliver, prove).
    void fails(const board& which, const std::string& step, const std::string& code, const std::string& text,
               const std::string& transcript = {});
    void is_refused(const board& which, const std::string& code, const std::string& text);
    void is_abandoned(const board& which, const std::string& step);

    /// The station stops dead in the middle of the delivery.
    void is_left_open(const board& which);

    /// Whatever else happens.
    void append(ledger::event what);

    story_clock clock;

  private:
    struct attempt;
    attempt starts(const board& which, milliseconds takes);
    void goes_until(attempt& of, const std::string& step);
    void ends(attempt& of, const std::string& outcome, const std::string& step, const std::string& code,
              const std::string& text);
    std::string next_id();

    boost::asio::io_context io_{1};
    logger log_{logger::target::nowhere};
    std::unique_ptr<ledger::ledger> book_;
    std::int64_t attempts_ = 0;
};

/// A day shift's worth of everything, some of it in names that are not ASCII: what the golden files show.
void tell_a_day(line_story& line);

/// `boards` boards on `slots` slots from a start on, a few per cent of them going wrong in the usual ways.
/// The same seed gives the same ledger.
void tell_many(line_story& line, std::int64_t boards, int slots, std::uint32_t seed);

}  // namespace fleetline::test
