// SPDX-License-Identifier: Apache-2.0
// Questions and answers over the console of the FreeRTOS reference firmware: wakes it up from any state,
// sends lines no faster than it can swallow them, checks every echo, stops at the first deviation, notices
// restarts. Owned by the dialect; io_context thread only. Throws a `failure` (device-…, port-…).
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.hpp"
#include "dialect/freertos_stream.hpp"
#include "serial/console.hpp"

namespace fleetline::dialect {

struct freertos_limits {
    milliseconds wake_up{12'000};  ///< from silence to the first sensible answer, booting included
    milliseconds echo{3'000};      ///< of a line, on top of its time on the wire
    milliseconds settled_after{
        2'000};                 ///< since boot, when the firmware did not say that its files are mounted
    milliseconds idle{500};     ///< a console left alone for longer is woken up again before it is used
    milliseconds boot{15'000};  ///< from `reset` to the first line of the new boot
};

/// The answer: its lines without echo, prompts, log lines and empty lines.
using freertos_answer = std::vector<std::string>;

struct freertos_question {
    std::string line;              ///< at most 127 characters
    milliseconds patience{3'000};  ///< from its echo to the prompt behind the answer, wire time not counted
    /// Looks at the answer as soon as it is there; throws to stop what follows.
    std::function<void(const freertos_answer&)> check;
    bool confidential = false;  ///< failures must not show it

    std::string shown() const;
};

class freertos_session {
  public:
    freertos_session(std::unique_ptr<serial::console> console, const freertos_limits& limits);

    /// Wakes the console up whatever state it is in, and waits until it is safe to use after a boot. A
    /// restart while this goes on is no failure.
    boost::asio::awaitable<void> wake_up();

    /// Asks all, in order, sending ahead as far as the receive buffer of the board surely holds. Wakes the
    /// console up first if it was left alone for long or the last time ended badly.
    boost::asio::awaitable<std::vector<freertos_answer>> ask(std::string doing,
                                                             std::vector<freertos_question> questions);

    /// Sends `reset`; returns when the new boot shows, or the port goes away.
    boost::asio::awaitable<void> reset();

    /// `reset` was sent, and no new boot has shown.
    bool restarting() const noexcept { return restarting_; }

    /// Whether the board had only just booted when it was last woken up.
    bool just_booted() const noexcept { return just_booted_; }

    const serial::console& console() const noexcept { return *console_; }
    serial::console& console() noexcept { return *console_; }

  private:
    struct progress;

    boost::asio::awaitable<std::optional<freertos_item>> next(monotonic_time deadline);
    boost::asio::awaitable<void> ready(std::string doing);
    boost::asio::awaitable<void> listen_first(monotonic_time deadline);
    boost::asio::awaitable<bool> probe(milliseconds patience, monotonic_time deadline);
    boost::asio::awaitable<void> wait_until_settled(milliseconds uptime);
    boost::asio::awaitable<void> converse(std::vector<freertos_question>& questions,
                                          std::vector<freertos_answer>& answers);
    boost::asio::awaitable<void> await_boot();
    void heed_log(const std::string& text);
    /// Answers what is wrong with the line, or nothing.
    std::string take_line(progress& at, std::string text) const;
    boost::asio::awaitable<void> deviate(std::string how);
    [[noreturn]] void fail(std::string_view code, std::string reason) const;
    monotonic_time now() const { return console_->time().now(); }

    std::unique_ptr<serial::console> console_;
    freertos_limits limits_;
    freertos_stream stream_;
    std::string doing_ = "Waking the board up";
    std::size_t since_progress_ = 0;  ///< bytes received since something sensible came
    unsigned probes_ = 0;
    bool restart_is_fine_ = true;
    bool restarting_ = false;
    bool mounted_ = false;  ///< the firmware said so since the last boot seen
    bool careful_ = false;  ///< it crashed or restarted under us: believe the clock alone
    bool just_booted_ = false;
    unsigned boots_ = 0;     ///< boots seen
    std::string last_boot_;  ///< its reset source, as the firmware words it
    bool in_order_ = false;  ///< the console was left at its prompt
    monotonic_time used_at_{};
};

}  // namespace fleetline::dialect
