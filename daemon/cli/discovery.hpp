// SPDX-License-Identifier: Apache-2.0
// What `fleetline slots discover` says and asks while a person plugs a board into each fixture in turn. It
// knows no terminal and no udev: it is told what happens, and answers what to print. Pure, one thread.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.hpp"
#include "serial/usb_watcher.hpp"

namespace fleetline::cli {

struct discovered_slot {
    std::string name;
    serial::usb_device tty;
    bool one_of_several = false;  ///< its board shows more ttys
};

class discovery {
  public:
    /// What the configuration has already; nullptr if there is none, or it cannot be read.
    explicit discovery(const config::settings* configured) : configured_(configured) {}

    /// `there`: plugged before it began. Of these nobody can say which fixture they are in.
    std::string begin(const std::vector<serial::usb_device>& there);

    std::string plugged(const serial::usb_device& tty);
    std::string unplugged(const serial::usb_device& tty);
    /// No tty has come for a moment: the board has shown all that it has.
    std::string settled();
    bool settling() const noexcept { return state_ == state::settling; }

    std::string line(std::string_view text);
    /// The end of input or an interruption.
    void end() noexcept { state_ = state::ended; }
    bool ended() const noexcept { return state_ == state::ended; }

    const std::vector<discovered_slot>& found() const noexcept { return found_; }
    /// The `[[slot]]` entries, ready to paste.
    std::string entries() const;

  private:
    enum class state { waiting, settling, choosing, naming, ended };
    struct board {
        std::string port;  ///< ID_PATH without the interface
        std::vector<serial::usb_device> ttys;
    };

    std::string next();
    std::string introduce();
    std::string ask_name();
    std::string chosen(std::string_view text);
    std::string named(std::string_view text);
    std::string why_not(const std::string& name) const;
    std::string already() const;

    const config::settings* configured_;
    state state_ = state::waiting;
    std::deque<board> boards_;  ///< the first is being talked about
    serial::usb_device console_;
    std::vector<discovered_slot> found_;
};

}  // namespace fleetline::cli
