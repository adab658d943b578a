// SPDX-License-Identifier: Apache-2.0
// Which attempt was the last one at the board that sits in each slot, in a file that outlives the process:
// the next life of the station tells by it a board that has passed and was not touched since. What that board
// is and whether it passed only the ledger says. A file that is missing or broken is as good as an empty one.
// io_context thread only.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "core/logger.hpp"
#include "core/names.hpp"

namespace fleetline::station {

class seating {
  public:
    /// No file: nothing outlives the process.
    seating(std::filesystem::path file, const logger& log);

    /// `plugging` is the watcher's name for the board's being plugged in; empty: it knows none.
    void note(const slot_name& slot, const std::string& plugging, const attempt_id& attempt);

    /// Empty: there was none since that plugging.
    attempt_id last_attempt(const slot_name& slot, std::string_view plugging) const;

  private:
    struct seat {
        std::string plugging;
        attempt_id attempt;
    };
    void read();
    void write();

    std::filesystem::path file_;
    const logger& log_;
    std::map<slot_name, seat> seats_;
    bool in_trouble_ = false;
};

}  // namespace fleetline::station
