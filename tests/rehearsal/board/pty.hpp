// SPDX-License-Identifier: Apache-2.0
// A pseudo terminal that stands in for the board's USB serial port: raw from the start, and what the board
// says while no host has it open is lost, as on a real port. Closing it is the unplug: the host gets EIO and
// a hang-up.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "event_loop.hpp"

namespace fleetline::rehearsal_board {

class pty {
  public:
    // readable: the host sent something; writable: there is room again after write() came back short.
    pty(event_loop& loop, std::function<void()> readable, std::function<void()> writable);
    ~pty();
    pty(const pty&) = delete;
    pty& operator=(const pty&) = delete;

    // The path the host opens, /dev/pts/K.
    const std::string& path() const { return path_; }

    // Up to `most` bytes; empty when there is nothing.
    std::string read(std::size_t most);
    // Returns how many bytes were taken. Without a host all of them are (and vanish).
    std::size_t write(std::string_view bytes);
    // Which of the two callbacks may come.
    void want(bool readable, bool writable);
    bool host_there() const { return !counts_openings_ || openings_ > 0; }
    // The host has read all that was written. A hang-up throws away what it has not.
    bool host_has_all() const;

  private:
    void opened_or_closed();

    event_loop& loop_;
    std::function<void()> readable_;
    std::function<void()> writable_;
    int master_ = -1;
    int slave_ = -1;
    int inotify_ = -1;
    bool counts_openings_ = false;
    int openings_ = 0;
    std::string path_;
};

}  // namespace fleetline::rehearsal_board
