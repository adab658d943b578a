// SPDX-License-Identifier: Apache-2.0
// What went over one console, both directions, with times; bounded: the beginning and the end are kept, the
// middle goes. Owned by the console; any one thread.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.hpp"

namespace fleetline::serial {

class transcript {
  public:
    enum class direction { to_board, from_board };

    /// At most about `limit` bytes of text are kept.
    explicit transcript(std::size_t limit) : limit_(limit) {}

    void record(direction way, std::string_view bytes, milliseconds since_start);

    /// As above for bytes that must not be kept: only that there were some.
    void record_concealed(direction way, std::size_t count, milliseconds since_start);

    /// One line each: seconds since the start, `>` to the board or `<` from it, the text with control
    /// characters escaped.
    std::string text() const;

  private:
    struct entry {
        direction way;
        milliseconds at;
        std::string text;
        std::size_t concealed = 0;  ///< bytes left out on purpose
    };

    void append(direction way, std::string_view text, milliseconds at);
    void trim();

    std::size_t limit_;
    std::size_t head_size_ = 0;
    std::size_t tail_size_ = 0;
    std::size_t dropped_ = 0;  ///< bytes
    std::vector<entry> head_;
    std::deque<entry> tail_;
};

}  // namespace fleetline::serial
