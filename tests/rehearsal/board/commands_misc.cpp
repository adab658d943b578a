// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "crypto.hpp"
#include "der.hpp"
#include "help_text.hpp"
#include "shell.hpp"

namespace fleetline::rehearsal_board {

const std::vector<command>& commands() {
    static const std::vector<command> all{{"help", help_help, help_command},
                                          {"conf", help_conf, conf_command},
                                          {"pki", help_pki, pki_command},
                                          {"ps", help_ps, ps_command},
                                          {"kill", help_kill, kill_command},
                                          {"killall", help_killall, kill_command},
                                          {"heapstat", help_heapstat, heapstat_command},
                                          {"reset", help_reset, reset_command},
                                          {"uptime", help_uptime, uptime_command},
                                          {"rngtest", help_rngtest, rngtest_command},
                                          {"assert", help_assert, assert_command}};
    return all;
}

// The firmware keeps the last command it explained in a static: after `help conf`, a bare `help` explains
// conf again.
task<> help_command(shell& self, shell::words args) {
    if (args.size() > 1) {
        self.help_shown_.reset();
        for (const auto& known : commands())
            if (!self.help_shown_ && args[1].compare(0, known.name.size(), known.name) == 0)
                self.help_shown_ = std::string(known.help);
    }
    if (self.help_shown_) {
        co_await self.print(*self.help_shown_);
        co_return;
    }
    for (const auto& known : commands()) co_await self.print(std::string(known.help));
}

task<> uptime_command(shell& self, shell::words /*args*/) {
    const auto ms = self.host().uptime().count();
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "up %ld day(s) %02ld:%02ld:%02ld.%03ld\r\n", ms / 86'400'000,
                  ms / 3'600'000 % 24, ms / 60'000 % 60, ms / 1000 % 60, ms % 1000);
    co_await self.print(text.data());
}

task<> reset_command(shell& self, shell::words /*args*/) {
    co_await self.print("Resetting device.");
    self.host().reset();
    co_await self.busy(std::chrono::hours(1));
}

task<> assert_command(shell& self, shell::words /*args*/) {
    self.host().crash("cli_utils.c:669");
    co_await shell::forever();
}

task<> rngtest_command(shell& self, shell::words args) {
    const long count = args.size() > 1 ? std::strtol(args[1].c_str(), nullptr, 10) : 0;
    if (count <= 0) {
        co_await self.print(std::string(help_rngtest));
        co_return;
    }
    const auto bytes = random_bytes(static_cast<std::size_t>(std::min(count, 65536L)));
    co_await self.print(base64(bytes) + "\r\nDONE\r\n");
}

namespace {

struct unit {
    const char* name;
    long divisor;
};

std::optional<unit> unit_of(const shell::words& args) {
    if (args.size() < 2 || args[1] == "-b" || args[1] == "--byte") return unit{"Bytes", 1};
    if (args[1] == "-h" || args[1] == "-k" || args[1] == "--kibi") return unit{"KiB", 1024};
    if (args[1] == "-m" || args[1] == "--mebi") return unit{"MiB", 1024L * 1024};
    if (args[1] == "--kilo") return unit{"KB", 1000};
    if (args[1] == "--mega") return unit{"MB", 1'000'000};
    return std::nullopt;
}

std::string heap_line(const char* name, long bytes, long total, const unit& in) {
    std::array<char, 96> line{};
    std::array<char, 16> hex{};
    std::snprintf(hex.data(), hex.size(), "0x%lX", bytes);
    std::snprintf(line.data(), line.size(), "| %-16s | %-11ld | %-11s | %3ld %%   |\r\n", name,
                  bytes / in.divisor, hex.data(), bytes * 100 / total);
    return line.data();
}

}  // namespace

task<> heapstat_command(shell& self, shell::words args) {
    const auto in = unit_of(args);
    if (!in) {
        co_await self.print("Error: Unrecognized argument: " + args[1] + "\r\n");
        co_return;
    }
    constexpr long total = 300L * 1024;
    constexpr long used = 59'096;
    const std::string rule = "+--------------------------------------------------------+\r\n";
    std::array<char, 96> head{};
    std::snprintf(head.data(), head.size(), "| Metric           | Dec (%s)%*s | Hex (Bytes) | %% Total |\r\n",
                  in->name, static_cast<int>(5 - std::string_view(in->name).size()), "");
    std::string text = rule + head.data();
    text += "|------------------|-------------|-------------|---------|\r\n";
    text += heap_line("Heap Total", total, total, *in) + heap_line("Heap Free", total - used, total, *in) +
            heap_line("Min. Heap Free", total - used, total, *in) +
            heap_line("Heap Alloc.", used, total, *in) + heap_line("Max. Heap Alloc.", used, total, *in) +
            rule;
    co_await self.print(text);
}

// The task list of the real firmware was never captured: this one is only plausible.
task<> ps_command(shell& self, shell::words /*args*/) {
    std::string text = "|  TID  |  State  |      Task Name       | Prio |\r\n";
    int id = 1;
    for (const char* name : {"cli", "uartRx", "uartTx", "IDLE", "Tmr Svc", "MQTTAgent"}) {
        std::array<char, 80> line{};
        std::snprintf(line.data(), line.size(), "|  %3d  | BLOCKED | %-20s | %4d |\r\n", id, name, id);
        ++id;
        text += line.data();
    }
    co_await self.print(text);
}

task<> kill_command(shell& self, shell::words args) {
    const std::string usage(args[0] == "kill" ? help_kill : help_killall);
    co_await self.print(usage);
}

}  // namespace fleetline::rehearsal_board
