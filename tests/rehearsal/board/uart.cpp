// SPDX-License-Identifier: Apache-2.0
#include "uart.hpp"

#include <algorithm>
#include <utility>

namespace fleetline::rehearsal_board {

namespace {

// The transmit task waits this long for 8 bytes before it sends fewer, or a log line.
constexpr std::chrono::milliseconds quiet_time{5};
constexpr std::size_t transmit_trigger = 8;
// A message buffer keeps each message's length beside it.
constexpr std::size_t log_header = 4;

}  // namespace

uart::uart(event_loop& loop, unsigned baud, wiring wires)
    : loop_(loop),
      wires_(std::move(wires)),
      byte_time_(baud == 0 ? std::chrono::nanoseconds(0) : std::chrono::nanoseconds(10'000'000'000LL / baud)),
      trigger_(baud == 0 ? 1 : transmit_trigger),
      waiting_since_(event_loop::now()) {}

uart::~uart() {
    *alive_ = false;
    transmitting_ = false;  // nothing more goes to the host
    reset();
}

void uart::receive(std::string bytes) {
    if (bytes.empty()) return;
    arriving_ = std::move(bytes);
    receiving_ = true;
    receive_free_ = std::max(event_loop::now(), receive_free_) + wire_time(arriving_.size());
    receive_timer_ = loop_.at(receive_free_, [this] { received(); });
}

void uart::received() {
    receive_timer_ = {};
    receiving_ = false;
    const std::size_t room = receive_stream - std::min(receive_stream, rx_.size());
    const std::size_t kept = std::min(room, arriving_.size());
    rx_.insert(rx_.end(), arriving_.begin(), arriving_.begin() + static_cast<std::ptrdiff_t>(kept));
    const std::size_t lost = arriving_.size() - kept;
    arriving_.clear();
    if (lost != 0) wires_.overrun(lost);
    wake_reader();
    wires_.receive_more();
}

void uart::wake_reader() {
    if (reader_ && !rx_.empty()) std::exchange(reader_, {}).resume();
}

char uart::take_received() {
    const char c = rx_.front();
    rx_.pop_front();
    return c;
}

std::size_t uart::put(std::string_view bytes) {
    const std::size_t room = transmit_stream - std::min(transmit_stream, tx_.size());
    const std::size_t taken = std::min(room, bytes.size());
    put_directly(bytes.substr(0, taken));
    return taken;
}

void uart::put_directly(std::string_view bytes) {
    tx_.insert(tx_.end(), bytes.begin(), bytes.end());
    queued_ += bytes.size();
    kick();
}

void uart::log(std::string line) {
    // Under pressure the message buffer takes the part of a line that still fits.
    const std::size_t room = log_buffer - std::min(log_buffer, log_bytes_);
    if (room <= log_header) return;
    line.resize(std::min(line.size(), room - log_header));
    log_bytes_ += line.size() + log_header;
    logs_.push_back(std::move(line));
    kick();
}

std::deque<std::string> uart::take_logs() {
    log_bytes_ = 0;
    return std::exchange(logs_, {});
}

// Everything a task writes in one go is there before the transmit task looks.
void uart::kick() {
    if (kicked_ || transmitting_ || stalled_) return;
    kicked_ = true;
    loop_.post([this, life = life_, alive = alive_] {
        if (!*alive || life != life_) return;
        kicked_ = false;
        decide();
    });
}

void uart::decide() {
    if (transmitting_ || stalled_ || (tx_.empty() && logs_.empty())) return;
    const auto now = event_loop::now();
    if (tx_.size() >= trigger_) {
        start(std::max(now, piece_end_));
        return;
    }
    if (quiet_timer_.id != 0) return;
    const auto waited = (now - waiting_since_) / quiet_time;
    quiet_timer_ = loop_.at(waiting_since_ + (waited + 1) * quiet_time, [this] { quiet_time_over(); });
}

void uart::quiet_time_over() {
    waiting_since_ = quiet_timer_.when;
    quiet_timer_ = {};
    if (tx_.empty() && !logs_.empty()) queue_log_line();
    if (!tx_.empty()) start(std::max(waiting_since_, piece_end_));
}

void uart::queue_log_line() {
    const std::string line = std::move(logs_.front());
    logs_.pop_front();
    log_bytes_ -= line.size() + log_header;
    const auto typed = wires_.half_typed();
    std::string bytes = typed ? "\r\033[K" : "";
    bytes += line + "\r\n";
    if (typed) bytes += *typed;
    tx_.insert(tx_.end(), bytes.begin(), bytes.end());
    queued_ += bytes.size();
}

void uart::start(clock::time_point when) {
    loop_.cancel(quiet_timer_);
    const std::size_t size = std::min(transmit_piece, tx_.size());
    piece_.assign(tx_.begin(), tx_.begin() + static_cast<std::ptrdiff_t>(size));
    tx_.erase(tx_.begin(), tx_.begin() + static_cast<std::ptrdiff_t>(size));
    transmitting_ = true;
    piece_start_ = when;
    piece_end_ = when + wire_time(size);
    transmit_timer_ = loop_.at(piece_end_, [this] { piece_done(); });
    wake_writer();
}

void uart::wake_writer() {
    if (!writer_) return;
    loop_.post([this, life = life_, alive = alive_] {
        if (!*alive || life != life_ || !writer_) return;
        const auto writer = std::exchange(writer_, {});
        writer();
    });
}

void uart::piece_done() {
    transmit_timer_ = {};
    transmitting_ = false;
    const std::size_t taken = wires_.to_host(piece_);
    sent_ += taken;
    piece_.erase(0, taken);
    stalled_ = !piece_.empty();
    if (stalled_) return;
    if (!tx_.empty()) {
        start(piece_end_);
        return;
    }
    waiting_since_ = piece_end_;
    if (wires_.drained) wires_.drained();
    decide();
}

void uart::host_has_room() {
    if (!stalled_) return;
    stalled_ = false;
    piece_end_ = event_loop::now();
    piece_done();
}

void uart::reset() {
    if (transmitting_ && byte_time_.count() > 0) {
        const auto on_wire = std::max(event_loop::now() - piece_start_, clock::duration::zero());
        const auto bytes = static_cast<std::size_t>(on_wire / byte_time_);
        wires_.to_host(std::string_view(piece_).substr(0, bytes));
    }
    loop_.cancel(receive_timer_);
    loop_.cancel(transmit_timer_);
    loop_.cancel(quiet_timer_);
    ++life_;
    kicked_ = transmitting_ = stalled_ = receiving_ = false;
    reader_ = {};
    writer_ = {};
    rx_.clear();
    tx_.clear();
    piece_.clear();
    arriving_.clear();
    take_logs();
    queued_ = sent_ = 0;
    waiting_since_ = piece_end_ = event_loop::now();
}

}  // namespace fleetline::rehearsal_board
