// SPDX-License-Identifier: Apache-2.0
// The board's serial port as its firmware drives it: a 512-byte receive stream that overruns, a 2304-byte
// transmit stream sent in pieces of up to 64 bytes, and the log lines, which wait until the transmit stream
// was empty for 5 ms. Both directions run at the baud rate by a token clock (10 bits a byte). Loop thread
// only; owned by its board.
#pragma once

#include <coroutine>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "event_loop.hpp"

namespace fleetline::rehearsal_board {

class uart {
  public:
    struct wiring {
        // Gives bytes to the host's side; returns how many were taken (fewer: the host's buffer is full).
        std::function<std::size_t(std::string_view)> to_host;
        // The receiver can take the next bytes from the host.
        std::function<void()> receive_more;
        // So many received bytes did not fit.
        std::function<void(std::size_t)> overrun;
        // What is typed at the prompt so far, or nothing while a command runs.
        std::function<std::optional<std::string>()> half_typed;
        // The line goes quiet: everything handed to send() has reached the host.
        std::function<void()> drained;
    };

    static constexpr std::size_t receive_piece = 128;
    static constexpr std::size_t receive_stream = 512;
    static constexpr std::size_t transmit_piece = 64;
    static constexpr std::size_t transmit_stream = 2304;
    static constexpr std::size_t log_buffer = 4096;

    // baud 0: no pacing.
    uart(event_loop& loop, unsigned baud, wiring wires);
    ~uart();
    uart(const uart&) = delete;
    uart& operator=(const uart&) = delete;

    // Host side: at most receive_piece bytes, and only while ready_to_receive().
    void receive(std::string bytes);
    bool ready_to_receive() const { return !receiving_; }
    // Host side: there is room again after to_host() took less than it was given.
    void host_has_room();
    bool waits_for_host() const { return stalled_; }

    // Firmware side. `const char c = co_await port.read();` waits for one byte.
    class read_awaiter {
      public:
        explicit read_awaiter(uart& port) : port_(port) {}
        bool await_ready() const { return !port_.rx_.empty(); }
        void await_suspend(std::coroutine_handle<> reader) const { port_.reader_ = reader; }
        char await_resume() const { return port_.take_received(); }

      private:
        uart& port_;
    };
    read_awaiter read() { return read_awaiter(*this); }

    // `co_await port.write(text);` waits until all of it is in the transmit stream.
    class write_awaiter {
      public:
        write_awaiter(uart& port, std::string text) : port_(port), rest_(std::move(text)) {}
        bool await_ready() {
            rest_.erase(0, port_.put(rest_));
            return rest_.empty();
        }
        void await_suspend(std::coroutine_handle<> writer) { wait(writer); }
        void await_resume() const {}

      private:
        void wait(std::coroutine_handle<> writer) {
            port_.writer_ = [this, writer] {
                if (await_ready())
                    writer.resume();
                else
                    wait(writer);
            };
        }

        uart& port_;
        std::string rest_;
    };
    write_awaiter write(std::string text) { return {*this, std::move(text)}; }

    // Sends without regard for the stream's size (boot and dying messages are written directly to the port).
    void put_directly(std::string_view bytes);
    void log(std::string line);
    // The queued log lines, taken out (a dying board prints them).
    std::deque<std::string> take_logs();

    // Reset: streams are empty, nobody waits. What is on the wire at this moment is cut.
    void reset();
    // Bytes ever handed to the port for sending since the last reset / bytes that reached the host.
    std::uint64_t queued() const { return queued_; }
    std::uint64_t sent() const { return sent_; }

  private:
    using clock = event_loop::clock;

    clock::duration wire_time(std::size_t bytes) const { return byte_time_ * static_cast<long>(bytes); }
    char take_received();
    // Takes what fits into the transmit stream and returns how much that was.
    std::size_t put(std::string_view bytes);
    void received();
    void wake_reader();
    void wake_writer();
    void kick();
    void decide();
    void quiet_time_over();
    void queue_log_line();
    void start(clock::time_point when);
    void piece_done();

    event_loop& loop_;
    wiring wires_;
    clock::duration byte_time_;
    std::size_t trigger_;

    std::string arriving_;
    bool receiving_ = false;
    clock::time_point receive_free_{};
    event_loop::timer receive_timer_;
    std::deque<char> rx_;
    std::coroutine_handle<> reader_;

    std::deque<char> tx_;
    std::string piece_;
    bool transmitting_ = false;
    bool stalled_ = false;
    bool kicked_ = false;
    clock::time_point piece_start_{};
    clock::time_point piece_end_{};
    clock::time_point waiting_since_{};
    event_loop::timer transmit_timer_;
    event_loop::timer quiet_timer_;
    std::function<void()> writer_;
    std::deque<std::string> logs_;
    std::size_t log_bytes_ = 0;
    std::uint64_t queued_ = 0;
    std::uint64_t sent_ = 0;
    std::uint64_t life_ = 0;  // posted work of an earlier life is void
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace fleetline::rehearsal_board
