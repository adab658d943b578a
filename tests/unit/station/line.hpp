// SPDX-License-Identifier: Apache-2.0
// A station with two slots, a real ledger file, a scripted cloud and scripted boards, run until something
// holds.
#pragma once

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "core/time_source.hpp"
#include "ledger/ledger.hpp"
#include "ledger/reader.hpp"
#include "station/station.hpp"
#include "support/scripted_board.hpp"
#include "support/scripted_cloud.hpp"

namespace fleetline::test {

/// The machine's clocks, ahead by what a test leaps; timers stay where they were.
class leaping_time final : public time_source {
  public:
    void leap(milliseconds by) { ahead_ += by; }
    utc_time utc_now() const override { return real_.utc_now() + ahead_; }
    monotonic_time now() const override { return real_.now() + ahead_; }
    bool synchronised() const override { return real_.synchronised(); }
    boost::asio::awaitable<void> wait_until(monotonic_time when) override {
        return real_.wait_until(when - ahead_);
    }

  private:
    system_time_source real_;
    milliseconds ahead_{0};
};

/// A directory of its own, gone with the object.
class temporary_directory {
  public:
    temporary_directory();
    ~temporary_directory();
    temporary_directory(const temporary_directory&) = delete;
    temporary_directory& operator=(const temporary_directory&) = delete;
    std::filesystem::path path;
};

/// One life of the station on a ledger file: from start to stop, or to the crash a checkpoint throws it into.
class line {
  public:
    line(const std::filesystem::path& ledger, std::function<void(station::station_settings&)> change = {});
    ~line();

    /// Runs the event loop until `holds`; throws when nothing is left to run.
    void until(const std::function<bool()>& holds);

    /// Plugs, waits for the outcome, unplugs.
    station::slot_status attempt(const std::shared_ptr<scripted_flash>& flash,
                                 const std::string& slot = "A1");

    station::slot_status slot(const std::string& name = "A1") const;
    void stop();

    boost::asio::io_context io{1};
    leaping_time time;
    logger log{logger::target::nowhere};
    ledger::ledger book;
    scripted_cloud cloud;
    station::station here;

  private:
    bool ended_ = false;
    bool running_ = false;
};

std::shared_ptr<scripted_flash> new_board(const std::string& serial);

}  // namespace fleetline::test
