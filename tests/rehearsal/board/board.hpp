// SPDX-License-Identifier: Apache-2.0
// One simulated board: flash, serial port, firmware and USB plug. Lives on the loop's thread; owned by the
// line. It exists whether it is plugged or not; unplugged, it is without power.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "event_loop.hpp"
#include "events.hpp"
#include "faults.hpp"
#include "first_connect.hpp"
#include "flash.hpp"
#include "pty.hpp"
#include "shell.hpp"
#include "uart.hpp"
#include "usb_link.hpp"

namespace fleetline::rehearsal_board {

struct board_settings {
    unsigned baud = 115200;  // 0: no pacing
    work_times times;
    std::chrono::milliseconds chatter{0};
    std::string default_ca;
    fault_set faults;
};

// Something that happens at a command: the plug is pulled or the board reboots.
struct trigger {
    enum class at { before, middle, after };
    enum class action { unplug, reboot };
    std::string command;  // how the command line starts
    at moment = at::middle;
    action what = action::unplug;
};

class board {
  public:
    board(event_loop& loop, first_connect& cloud, event_log& events, const board_settings& settings,
          std::filesystem::path flash_directory, std::filesystem::path usb_directory, std::string name,
          int port_number, std::string serial);
    ~board();
    board(const board&) = delete;
    board& operator=(const board&) = delete;

    const std::string& serial() const { return serial_; }
    const std::string& name() const { return link_.name(); }
    bool plugged() const { return pty_ != nullptr; }
    std::string tty() const { return pty_ ? pty_->path() : ""; }
    const fault_set& faults() const { return settings_.faults; }

    // Plugging gives power. Doing what is done already does nothing.
    void plug();
    void unplug(const std::string& reason = "asked");

    void log(const char* level, const char* task, const std::string& message, const char* where);
    void set_chatter(std::chrono::milliseconds every);
    void set_fault(const std::string& name, const std::string& value);
    void clear_faults();
    // Bytes that the host receives next, whatever the board is doing, and not at the baud rate.
    void send_raw(const std::string& bytes);
    void arm(trigger what) { trigger_ = std::move(what); }

  private:
    enum class reset_source { brownout, software, watchdog };

    uart::wiring wires();
    shell_host host();

    void power_on(reset_source source);
    void power_off();
    void mounted(bool was_blank);
    void dies(const char* where);
    void chat();
    void act_on_fault(const std::string& name);

    bool command_begins(const std::string& line);
    void command_ended();
    bool pem_line();
    void pull();
    void unplug_when_read(event_loop::time_point deadline);

    void from_host();
    std::size_t to_host(std::string_view bytes);
    void port_writable();
    void update_interest();

    void connect_when_provisioned();
    void try_connect();
    void connected(const connect_outcome& outcome);

    void event(const std::string& what, std::initializer_list<event_log::field> more = {});
    std::chrono::milliseconds uptime() const;

    event_loop& loop_;
    first_connect& cloud_;
    event_log& events_;
    board_settings settings_;
    std::string serial_;
    usb_link link_;
    flash flash_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);

    std::unique_ptr<pty> pty_;
    std::unique_ptr<uart> port_;
    std::unique_ptr<settings_store> store_;
    std::unique_ptr<shell> shell_;
    std::string raw_;

    event_loop::time_point booted_{};
    bool settings_ready_ = false;
    event_loop::timer boot_timer_;
    event_loop::timer chatter_timer_;
    long chatter_count_ = 0;

    std::optional<trigger> trigger_;
    bool trigger_active_ = false;
    int pem_lines_ = 0;
    std::uint64_t answer_start_ = 0;
    std::optional<std::uint64_t> cut_at_;

    std::shared_ptr<std::atomic<bool>> connecting_;
    connect_request request_;
    int tries_ = 0;
    event_loop::timer connect_timer_;
};

}  // namespace fleetline::rehearsal_board
