// SPDX-License-Identifier: Apache-2.0
// Which tty sits in which slot. A slot has one tty at a time: of a board that shows several, the first that
// fits; and what a tty was is known when it goes, however late udev tells. io_context thread only.
#pragma once

#include <map>
#include <string>

#include "config/settings.hpp"
#include "serial/usb_watcher.hpp"

namespace fleetline::daemon {

class fixtures {
  public:
    explicit fixtures(const config::settings& settings) : settings_(settings) {}

    struct place {
        const config::slot_section* slot = nullptr;
        std::string why_none;
    };

    /// The slot that the tty takes from now on, if its product takes such ttys.
    place plugged(const serial::usb_device& tty);

    /// The slot that is empty now; null if this tty was in none, or another has taken its place.
    const config::slot_section* unplugged(const serial::usb_device& tty);

  private:
    place place_for(const serial::usb_device& tty) const;

    const config::settings& settings_;
    std::map<slot_name, serial::usb_device> sitting_;
};

}  // namespace fleetline::daemon
