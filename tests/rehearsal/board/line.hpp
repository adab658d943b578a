// SPDX-License-Identifier: Apache-2.0
// All boards of this process and the commands one can give about them (one text line each, one JSON answer).
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "board.hpp"

namespace fleetline::rehearsal_board {

struct line_settings {
    std::filesystem::path usb;
    std::filesystem::path devices;
    std::string slot_prefix = "port";
    board_settings each;
};

class line {
  public:
    line(event_loop& loop, event_log& events, line_settings settings);

    // A new board in the next free port, or in the named one; the same serial number may be there already.
    board& add(const std::string& serial, const std::string& name = "");
    void unplug_all();
    // Answers are JSON objects with "ok"; a failure has "error".
    std::string command(const std::string& text);

  private:
    // By port name, or by serial number (the first such board).
    board* find(const std::string& what);
    board& need(const std::string& what);
    std::string next_name();
    void plug(const std::string& serial, const std::string& name);
    void unplug_at(board& which, std::string step);
    std::string list() const;
    bool run(const std::string& verb, const std::vector<std::string>& words);

    event_loop& loop_;
    event_log& events_;
    line_settings settings_;
    first_connect cloud_;
    std::vector<std::unique_ptr<board>> boards_;
};

}  // namespace fleetline::rehearsal_board
