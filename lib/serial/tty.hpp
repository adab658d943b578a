// SPDX-License-Identifier: Apache-2.0
// A tty in the kernel's hands: opened and set up, closed. Both may block for seconds with a USB adapter that
// is sick. Any thread. Not included outside the room.
#pragma once

#include <string>

#include "serial/port.hpp"

namespace fleetline::serial {

/// A descriptor that does not block. Throws as port's constructor does.
int open_tty(const std::string& path, const port_settings& settings);

/// Frees it for others; what was not sent yet is dropped.
void close_tty(int fd) noexcept;

/// An error of the system that a device which went away gives.
bool means_gone(int error) noexcept;

}  // namespace fleetline::serial
