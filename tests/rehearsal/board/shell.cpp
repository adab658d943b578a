// SPDX-License-Identifier: Apache-2.0
#include "shell.hpp"

#include <utility>

namespace fleetline::rehearsal_board {

namespace {

// Words between runs of spaces; there is no quoting.
shell::words split(const std::string& line) {
    shell::words words;
    std::size_t at = 0;
    while ((at = line.find_first_not_of(' ', at)) != std::string::npos) {
        const auto end = std::min(line.find(' ', at), line.size());
        words.push_back(line.substr(at, end - at));
        at = end;
    }
    return words;
}

}  // namespace

shell::shell(event_loop& loop, uart& port, flash& memory, settings_store& settings, const work_times& times,
             const fault_set& faults, shell_host host)
    : loop_(loop),
      port_(port),
      memory_(memory),
      settings_(settings),
      times_(times),
      faults_(faults),
      host_(std::move(host)) {}

shell::~shell() {
    loop_.cancel(busy_);
}

void shell::start() {
    task_ = run();
    task_.start();
}

std::optional<std::string> shell::half_typed() const {
    if (!at_prompt_) return std::nullopt;
    return prompt() + typed_;
}

uart::write_awaiter shell::print(std::string text) {
    const auto before = answered_;
    if (!at_prompt_) answered_ += text.size();
    const auto middle = static_cast<std::size_t>(faults_.number("log-mid-answer", 20));
    if (faults_.has("log-mid-answer") && before < middle && answered_ >= middle)
        text.insert(middle - before, host_.stray_log());
    return port_.write(std::move(text));
}

std::chrono::milliseconds shell::flash_time() const {
    return times_.flash_erase +
           std::chrono::milliseconds(faults_.has("slow-flash") ? faults_.number("slow-flash", 500) : 0);
}

task<std::string> shell::read_line() {
    typed_.clear();
    answered_ = std::string::npos / 2;  // what follows is no answer
    co_await print(prompt());
    at_prompt_ = true;
    while (typed_.size() < line_buffer) {
        const char c = co_await port_.read();
        if (c == '\n' || c == '\r' || c == '\0') {
            if (typed_.empty()) continue;
            co_await print("\r\n");
            at_prompt_ = false;
            co_return std::exchange(typed_, {});
        }
        if (c == '\b' || c == '\x7f') {
            if (typed_.empty()) continue;
            typed_.pop_back();
            co_await print("\b \b");
        } else if (c == '\x03') {
            typed_.clear();
            co_await print("\r\n" + prompt());
        } else {
            typed_ += c;
            co_await print(std::string(1, c));
        }
    }
    co_return std::string();
}

task<> shell::run() {
    for (;;) {
        std::string line = co_await read_line();
        if (line.empty()) continue;
        if (!host_.command_begins(line)) co_await forever();
        answered_ = 0;
        co_await execute(std::move(line));
        host_.command_ended();
    }
}

task<> shell::execute(std::string line) {
    for (const auto& known : commands()) {
        const auto size = known.name.size();
        if (line.compare(0, size, known.name) != 0 || (line.size() > size && line[size] != ' ')) continue;
        co_await known.run(*this, split(line));
        co_return;
    }
    co_await print("Command not recognized. Enter 'help' to view a list of available commands.\r\n");
}

}  // namespace fleetline::rehearsal_board
