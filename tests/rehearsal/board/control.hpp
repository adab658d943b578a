// SPDX-License-Identifier: Apache-2.0
// A Unix stream socket that takes one command a line and answers each with one line.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "event_loop.hpp"

namespace fleetline::rehearsal_board {

class control_socket {
  public:
    // Throws std::runtime_error. A socket left over at that path is replaced.
    control_socket(event_loop& loop, std::string path,
                   std::function<std::string(const std::string&)> command);
    ~control_socket();
    control_socket(const control_socket&) = delete;
    control_socket& operator=(const control_socket&) = delete;

  private:
    void accept();
    void serve(int client);
    void drop(int client);

    event_loop& loop_;
    std::string path_;
    std::function<std::string(const std::string&)> command_;
    int listener_;
    std::map<int, std::string> clients_;
};

}  // namespace fleetline::rehearsal_board
