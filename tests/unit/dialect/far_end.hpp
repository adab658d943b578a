// SPDX-License-Identifier: Apache-2.0
// The board's end of a PTY, for the dialect's tests: a line editor that echoes as the firmware does, answers
// that were captured from the firmware, and the ways things go wrong. Not a model of the firmware: that is
// the rehearsal's board.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "unit/serial/pty.hpp"

namespace fleetline::test {

enum class pieces { whole, bytewise, at_random };

class far_end {
  public:
    enum class state { idle, import_header, import_body };

    far_end(boost::asio::io_context& context, pty& line);

    /// Runs until the PTY is closed.
    boost::asio::awaitable<void> serve();

    /// What is sent to a line in place of the usual answer (without echo and prompt).
    std::function<std::optional<std::string>(const std::string& line)> answer_instead;
    /// What is echoed for a line in place of itself.
    std::function<std::string(const std::string& line)> echo_instead = [](const std::string& line) {
        return line;
    };
    /// Called with the number of the line (from 1) before it is answered; true: the plug is pulled.
    std::function<bool(std::size_t)> unplug_at = [](std::size_t) { return false; };
    /// Called likewise; what it returns is sent, and the line and all it should lead to is lost.
    std::function<std::string(std::size_t)> restart_at = [](std::size_t) { return std::string(); };

    bool silent = false;  ///< hears, and says nothing
    pieces chunks = pieces::whole;
    unsigned chatter = 0;  ///< a log line at about one in so many places; 0: none
    std::mt19937 random{7};

    state now = state::idle;
    std::string typed;    ///< the half-typed line
    bool mounted = true;  ///< a `conf` command before that crashes the firmware
    std::string uptime = "up 0 day(s) 00:12:03.006";
    std::vector<std::string> lines;  ///< received, in order
    std::size_t most_pending = 0;    ///< most bytes that waited to be taken out of the receive buffer
    std::map<std::string, std::string> conf{{"thing_name", "\"\""},
                                            {"mqtt_endpoint", "\"\""},
                                            {"mqtt_port", "8883"},
                                            {"wifi_ssid", "\"\""},
                                            {"wifi_credential", "\"\""}};
    std::map<std::string, std::string> certificates;  ///< PEM lines by label, as stored
    std::string key_answer;                           ///< to `pki generate key`
    std::string csr_answer;                           ///< to `pki generate csr`

    boost::asio::awaitable<void> say(std::string bytes);

  private:
    std::string take_line(const std::string& line);
    std::string answer(const std::string& line);
    std::string answer_in_import(const std::string& line);
    std::string exported(const std::string& label) const;
    std::string with_chatter(const std::string& answer);
    bool chats() { return chatter != 0 && random() % chatter == 0; }
    std::string log_line();

    boost::asio::io_context& context_;
    pty& line_;
    std::string import_label_;
    std::string import_;
    std::string key_export_;
    bool gone_ = false;
};

/// As the firmware says it boots.
extern const std::string boot_text;
extern const std::string mount_text;

}  // namespace fleetline::test
