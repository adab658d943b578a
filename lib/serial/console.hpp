// SPDX-License-Identifier: Apache-2.0
// A conversation over one port: send, receive until a deadline, keep a transcript. Takes nothing away from
// what the board says; making sense of it is the dialect's part. Owned by the dialect of one slot; io_context
// thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/time_source.hpp"
#include "serial/port.hpp"
#include "serial/transcript.hpp"

namespace fleetline::serial {

struct console_limits {
    std::size_t line = std::size_t{16} * 1024;        ///< longest line, bytes; a longer one is device-flooded
    std::size_t transcript = std::size_t{48} * 1024;  ///< kept at most, bytes
    milliseconds write{5000};                         ///< a port that takes nothing for so long has failed
};

class console {
  public:
    /// `time` outlives the console.
    console(port line, time_source& time, const console_limits& limits = {});

    unsigned baud() const noexcept { return port_.baud(); }
    const std::string& path() const noexcept { return port_.path(); }
    time_source& time() const noexcept { return time_; }

    /// How long so many bytes take at this baud rate, rounded up.
    milliseconds wire_time(std::size_t bytes) const;

    boost::asio::awaitable<void> send(std::string bytes);

    /// Whatever came, at least one byte; empty when the deadline passed first.
    boost::asio::awaitable<std::string> receive(monotonic_time deadline);

    /// Hands what comes to `enough` until it answers true; false when the deadline passed first.
    boost::asio::awaitable<bool> expect(std::function<bool(std::string_view)> enough,
                                        monotonic_time deadline);

    std::string transcript_text() const { return transcript_.text(); }

    /// While it lives, the transcript only says that bytes went by. Must not outlive the console.
    class concealment {
      public:
        explicit concealment(console& of) : of_(of) { ++of_.concealed_; }
        ~concealment() { --of_.concealed_; }
        concealment(const concealment&) = delete;
        concealment& operator=(const concealment&) = delete;

      private:
        console& of_;
    };

  private:
    boost::asio::awaitable<void> read_into(std::size_t& count);
    void record(transcript::direction way, std::string_view bytes);
    void watch_line_length(std::string_view bytes);

    port port_;
    time_source& time_;
    console_limits limits_;
    monotonic_time started_;
    transcript transcript_;
    std::size_t line_length_ = 0;
    int concealed_ = 0;
    std::unique_ptr<char[]> buffer_;
};

}  // namespace fleetline::serial
