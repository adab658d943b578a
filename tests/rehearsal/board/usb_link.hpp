// SPDX-License-Identifier: Apache-2.0
// What the rehearsal puts in place of udev: in the USB directory, a link NAME to a terminal is a plugged
// board and NAME.json beside it tells what udev would (path, ids, serial number). The JSON is there before
// the link is.
#pragma once

#include <filesystem>
#include <string>

namespace fleetline::rehearsal_board {

class usb_link {
  public:
    usb_link(std::filesystem::path directory, std::string name, int port_number, std::string serial);

    // Throws std::filesystem::filesystem_error.
    void plug(const std::string& tty) const;
    void unplug() const;
    const std::string& name() const { return name_; }

  private:
    std::filesystem::path directory_;
    std::string name_;
    int port_number_;
    std::string serial_;
};

// Replaces a file as a whole. Throws std::runtime_error.
void write_file(const std::filesystem::path& path, const std::string& content, unsigned mode = 0644);
// Empty when there is no such file.
std::string read_file(const std::filesystem::path& path);

}  // namespace fleetline::rehearsal_board
