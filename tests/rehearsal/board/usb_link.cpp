// SPDX-License-Identifier: Apache-2.0
#include "usb_link.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace fleetline::rehearsal_board {

namespace fs = std::filesystem;

usb_link::usb_link(fs::path directory, std::string name, int port_number, std::string serial)
    : directory_(std::move(directory)),
      name_(std::move(name)),
      port_number_(port_number),
      serial_(std::move(serial)) {}

void usb_link::plug(const std::string& tty) const {
    nlohmann::json what;
    what["id_path"] = "platform-rehearsal-usb-0:1." + std::to_string(port_number_);
    what["vendor_id"] = "0483";
    what["product_id"] = "374e";
    what["serial"] = serial_;
    what["interface"] = "02";
    write_file(directory_ / (name_ + ".json"), what.dump() + "\n");
    fs::remove(directory_ / name_);
    fs::create_symlink(tty, directory_ / name_);
}

void usb_link::unplug() const {
    std::error_code ignored;
    fs::remove(directory_ / name_, ignored);
    fs::remove(directory_ / (name_ + ".json"), ignored);
}

void write_file(const fs::path& path, const std::string& content, unsigned mode) {
    const auto temporary = path.string() + ".tmp";
    const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    const bool written = fd >= 0 && ::fchmod(fd, mode) == 0 &&
                         ::write(fd, content.data(), content.size()) == static_cast<ssize_t>(content.size());
    if (fd >= 0) ::close(fd);
    if (!written || ::rename(temporary.c_str(), path.c_str()) != 0)
        throw std::runtime_error("cannot write " + path.string());
}

std::string read_file(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace fleetline::rehearsal_board
