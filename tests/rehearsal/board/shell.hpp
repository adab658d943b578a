// SPDX-License-Identifier: Apache-2.0
// The firmware's command line task: line editor, tokenizer, commands. Everything it says is what the real
// firmware was seen to say. It lives from boot to reset; the board destroys it in the middle of whatever it
// does.
#pragma once

#include <chrono>
#include <coroutine>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "faults.hpp"
#include "flash.hpp"
#include "task.hpp"
#include "uart.hpp"

namespace fleetline::rehearsal_board {

// How long the board's own work takes.
struct work_times {
    std::chrono::milliseconds keygen{50};
    std::chrono::milliseconds csr{5};
    std::chrono::milliseconds flash_erase{0};
    std::chrono::milliseconds boot{7};
    std::chrono::milliseconds watchdog{2000};
};

// What the command line asks of the board it runs on.
struct shell_host {
    // A command line is about to run. False: never mind, the board is gone.
    std::function<bool(const std::string& line)> command_begins;
    // Its answer is complete in the transmit stream.
    std::function<void()> command_ended;
    // One more line of a PEM arrived. False: the board is gone.
    std::function<bool()> pem_line;
    std::function<void(const char* level, const std::string& message, const char* where)> log;
    // A log line as it would be sent now.
    std::function<std::string()> stray_log;
    // An assertion failed at this place: the task stops for ever.
    std::function<void(const char* where)> crash;
    std::function<void()> reset;
    std::function<std::chrono::milliseconds()> uptime;
    std::function<bool()> settings_ready;
    std::function<void(const char* event, const char* field, const std::string& value)> event;
};

class shell {
  public:
    using words = std::vector<std::string>;

    shell(event_loop& loop, uart& port, flash& memory, settings_store& settings, const work_times& times,
          const fault_set& faults, shell_host host);
    ~shell();
    shell(const shell&) = delete;
    shell& operator=(const shell&) = delete;

    void start();
    // The prompt and what is typed after it, or nothing while a command runs.
    std::optional<std::string> half_typed() const;

    // --- for the commands ---
    static constexpr std::size_t line_buffer = 128;

    uart::write_awaiter print(std::string text);
    // One line without its end; empty when it was 128 characters long without one (they are thrown away).
    task<std::string> read_line();
    // A wait that does not come back: after a crash, a reset, an unplug.
    static std::suspend_always forever() { return {}; }

    class busy_awaiter {
      public:
        busy_awaiter(shell& owner, std::chrono::milliseconds time) : owner_(owner), time_(time) {}
        bool await_ready() const { return time_.count() <= 0; }
        void await_suspend(std::coroutine_handle<> task) {
            owner_.busy_ = owner_.loop_.after(time_, [task] { task.resume(); });
        }
        void await_resume() const {}

      private:
        shell& owner_;
        std::chrono::milliseconds time_;
    };
    // The command line task does nothing else for so long; what is received meanwhile must fit the receive
    // stream.
    busy_awaiter busy(std::chrono::milliseconds time) { return {*this, time}; }
    std::chrono::milliseconds flash_time() const;

    flash& memory() { return memory_; }
    settings_store& settings() { return settings_; }
    const work_times& times() const { return times_; }
    const fault_set& faults() const { return faults_; }
    const shell_host& host() const { return host_; }
    void log(const char* level, const std::string& message, const char* where) {
        host_.log(level, message, where);
    }

  private:
    task<> run();
    task<> execute(std::string line);
    std::string prompt() const { return faults_.has("no-prompt") ? "" : "> "; }

    event_loop& loop_;
    uart& port_;
    flash& memory_;
    settings_store& settings_;
    const work_times& times_;
    const fault_set& faults_;
    shell_host host_;
    event_loop::timer busy_;
    std::string typed_;
    bool at_prompt_ = false;
    std::size_t answered_ = 0;  // bytes of the answer so far
    std::optional<std::string> help_shown_;
    task<> task_;

    friend task<> help_command(shell& self, shell::words args);
};

// The commands. words[0] is the command itself.
task<> help_command(shell& self, shell::words args);
task<> conf_command(shell& self, shell::words args);
task<> pki_command(shell& self, shell::words args);
task<> pki_import_certificate(shell& self, shell::words args);
task<> pki_import_key(shell& self, shell::words args);
task<> heapstat_command(shell& self, shell::words args);
task<> rngtest_command(shell& self, shell::words args);
task<> uptime_command(shell& self, shell::words args);
task<> reset_command(shell& self, shell::words args);
task<> assert_command(shell& self, shell::words args);
task<> ps_command(shell& self, shell::words args);
task<> kill_command(shell& self, shell::words args);

struct command {
    std::string_view name;
    std::string_view help;
    task<> (*run)(shell&, shell::words);
};
// In the order of registration, which is that of the help text.
const std::vector<command>& commands();

}  // namespace fleetline::rehearsal_board
