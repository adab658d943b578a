// SPDX-License-Identifier: Apache-2.0
#include "serial/console.hpp"

#include <utility>

#include "core/failure.hpp"
#include "core/within.hpp"

namespace fleetline::serial {

namespace {

constexpr std::size_t buffer_size = 2048;

}  // namespace

console::console(port line, time_source& time, const console_limits& limits)
    : port_(std::move(line)),
      time_(time),
      limits_(limits),
      started_(time.now()),
      transcript_(limits.transcript),
      buffer_(std::make_unique<char[]>(buffer_size)) {}

milliseconds console::wire_time(std::size_t bytes) const {
    return milliseconds{static_cast<long>(bytes * 10'000 / port_.baud()) + 1};  // 10 bits a byte
}

boost::asio::awaitable<void> console::send(std::string bytes) {
    record(transcript::direction::to_board, bytes);
    const auto limit = limits_.write + wire_time(bytes.size());
    const bool sent = co_await within(time_, limit, port_.write(std::move(bytes)));
    if (!sent) throw failure("port-failed", "Writing to the board", path(), "the port takes nothing");
}

/// What was read in the very moment the deadline passed must not be lost: `count` tells of it.
boost::asio::awaitable<void> console::read_into(std::size_t& count) {
    const std::span<char> room{buffer_.get(), buffer_size};
    count = co_await port_.read_some(room);
}

boost::asio::awaitable<std::string> console::receive(monotonic_time deadline) {
    const auto left = deadline - time_.now();
    if (left <= milliseconds::zero()) co_return std::string();
    std::size_t count = 0;
    co_await within(time_, left, read_into(count));
    if (count == 0) co_return std::string();
    std::string bytes(buffer_.get(), count);
    record(transcript::direction::from_board, bytes);
    watch_line_length(bytes);
    co_return bytes;
}

boost::asio::awaitable<bool> console::expect(std::function<bool(std::string_view)> enough,
                                             monotonic_time deadline) {
    for (;;) {
        const std::string bytes = co_await receive(deadline);
        if (bytes.empty()) co_return false;
        if (enough(bytes)) co_return true;
    }
}

void console::record(transcript::direction way, std::string_view bytes) {
    const auto at = time_.now() - started_;
    if (concealed_ > 0)
        transcript_.record_concealed(way, bytes.size(), at);
    else
        transcript_.record(way, bytes, at);
}

void console::watch_line_length(std::string_view bytes) {
    const auto last = bytes.find_last_of("\r\n");
    line_length_ = last == std::string_view::npos ? line_length_ + bytes.size() : bytes.size() - last - 1;
    if (line_length_ > limits_.line)
        throw failure("device-flooded", "Reading from the board", path(),
                      "more than " + std::to_string(limits_.line) + " bytes without a line end");
}

}  // namespace fleetline::serial
