// SPDX-License-Identifier: Apache-2.0
// The board's side of the cable: bytes between the pseudo terminal and the serial port, and the faults of the
// cable.
#include <algorithm>
#include <utility>

#include "board.hpp"

namespace fleetline::rehearsal_board {

namespace {

// What a receiver at another baud rate makes of it: bytes that have little to do with those sent.
std::string garbled(std::string_view bytes) {
    std::string out;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        out += static_cast<char>((byte * 37U + 0x5aU) | 0x80U);
    }
    return out;
}

}  // namespace

uart::wiring board::wires() {
    uart::wiring wires;
    wires.to_host = [this](std::string_view bytes) { return to_host(bytes); };
    wires.receive_more = [this] { update_interest(); };
    wires.overrun = [this](std::size_t lost) {
        event("rx-overrun", {{"bytes", static_cast<long>(lost)}});
        log("WRN", "uartRx", "Dropped " + std::to_string(lost) + " bytes. Console receive buffer full.",
            "cli_uart_drv.c:317");
    };
    wires.half_typed = [this] { return shell_ ? shell_->half_typed() : std::nullopt; };
    wires.drained = [] {};
    return wires;
}

void board::update_interest() {
    if (pty_) pty_->want(port_->ready_to_receive(), !raw_.empty() || port_->waits_for_host());
}

void board::from_host() {
    if (!port_->ready_to_receive()) return;
    auto bytes = pty_->read(uart::receive_piece);
    if (settings_.faults.has("silent")) return;
    if (settings_.faults.has("wrong-baud")) bytes = garbled(bytes);
    port_->receive(std::move(bytes));
    update_interest();
}

std::size_t board::to_host(std::string_view bytes) {
    const auto& faults = settings_.faults;
    if (!pty_ || faults.has("silent")) return bytes.size();
    if (cut_at_ && port_->sent() + bytes.size() >= *cut_at_) {
        const auto left = *cut_at_ - std::min<std::uint64_t>(*cut_at_, port_->sent());
        pty_->write(bytes.substr(0, left));
        pull();
        return bytes.size();
    }
    std::size_t taken = 0;
    if (raw_.empty()) taken = pty_->write(faults.has("wrong-baud") ? garbled(bytes) : std::string(bytes));
    // The port marks itself as waiting only after this returns.
    if (taken < bytes.size())
        loop_.post([this, alive = alive_] {
            if (*alive) update_interest();
        });
    return taken;
}

void board::send_raw(const std::string& bytes) {
    if (!pty_) return;
    raw_ += bytes;
    raw_.erase(0, pty_->write(raw_));
    update_interest();
}

void board::port_writable() {
    if (!raw_.empty()) raw_.erase(0, pty_->write(std::string_view(raw_).substr(0, 4096)));
    if (raw_.empty()) port_->host_has_room();
    update_interest();
}

}  // namespace fleetline::rehearsal_board
