// SPDX-License-Identifier: Apache-2.0
// A running fleetline-rehearsal-board for one test, and the host's end of a board's port. Waiting is always
// for something: an event line, bytes, silence of the board; never just for time to pass.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <deque>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

inline constexpr std::chrono::seconds patience{10};

// Reads what is there within the time; empty: nothing came.
std::string read_some(int fd, std::chrono::milliseconds time);

class boards {
  public:
    // One board, SN000001 in port01, unless the arguments say otherwise. Waits until all are there.
    explicit boards(std::vector<std::string> arguments = {"--count", "1"});
    ~boards();
    boards(const boards&) = delete;
    boards& operator=(const boards&) = delete;

    const std::filesystem::path& directory() const { return directory_; }
    std::filesystem::path usb(const std::string& port = "port01") const { return directory_ / "usb" / port; }
    std::filesystem::path device(const std::string& serial = "SN000001") const {
        return directory_ / "devices" / serial;
    }
    std::string flash(const std::string& file, const std::string& serial = "SN000001") const;

    // The next event of that name (others are passed over, and kept in all()).
    nlohmann::json event(const std::string& name);
    const std::vector<nlohmann::json>& all() const { return all_; }
    // What the control socket answers.
    nlohmann::json control(const std::string& command);
    // Ends the program and starts it again with the same directories.
    void restart();
    double cpu_seconds() const;

  private:
    void start();
    void stop();

    std::filesystem::path directory_;
    std::vector<std::string> arguments_;
    pid_t pid_ = -1;
    int events_ = -1;
    int control_ = -1;
    std::string partial_;
    std::vector<nlohmann::json> all_;
};

// The host's end of a port.
class host {
  public:
    explicit host(const std::filesystem::path& tty);
    ~host();
    host(const host&) = delete;
    host& operator=(const host&) = delete;

    int fd() const { return fd_; }
    void send(std::string_view bytes);
    // Everything up to and including that text; fails the test if it does not come.
    std::string expect(const std::string& text);
    // Sends a line, waits for its echo, returns what comes until the next prompt (without it).
    std::string command(const std::string& line);
    // What came until the board has said nothing for that long.
    std::string until_quiet(std::chrono::milliseconds quiet = 60ms);
    // Whether the board went away (end of file, EIO) within the time.
    bool hung_up(std::chrono::milliseconds time = 5000ms);
    std::string take() { return std::exchange(buffer_, {}); }

  private:
    int fd_;
    std::string buffer_;
};

// A throw-away CA made with openssl.
std::string sign_csr(const std::string& csr_pem);
std::string shell(const std::string& command);

}  // namespace bench
