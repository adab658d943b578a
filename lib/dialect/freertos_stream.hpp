// SPDX-License-Identifier: Apache-2.0
// Reads what the FreeRTOS reference firmware's console sends, byte by byte: takes log lines out (they come at
// any moment, also in the middle of a line), follows the line editor's erasures, finds the prompt. Pure,
// bounded, any one thread.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace fleetline::dialect {

struct freertos_item {
    enum class kind {
        line,      ///< a finished line without its end, prompt and log lines taken out
        prompt,    ///< the console waits for input
        log,       ///< a log line, whole or cut short
        too_long,  ///< a line longer than any this firmware writes; what it held is lost
    };
    kind what = kind::line;
    std::string text;
};

class freertos_stream {
  public:
    void feed(std::string_view bytes);

    /// What was understood so far, oldest first; take it all before feeding more, or it piles up.
    std::optional<freertos_item> next();

    /// Forgets the unfinished line.
    void restart();

  private:
    enum class escape { none, begun, sequence };

    void take(char c);
    void take_in_log(char c);
    void take_text(char c);
    bool take_escape(char c);
    void end_line();
    void end_log();
    void put_back_held();
    void emit(freertos_item::kind what, std::string text);

    std::deque<freertos_item> ready_;
    std::string line_;  ///< the unfinished line
    std::string held_;  ///< what may be the beginning of a log line
    std::string log_;
    bool in_log_ = false;
    std::size_t log_length_ = 0;
    escape escape_ = escape::none;
    std::size_t escape_length_ = 0;
};

}  // namespace fleetline::dialect
