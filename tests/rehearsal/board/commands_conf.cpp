// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "help_text.hpp"
#include "shell.hpp"

namespace fleetline::rehearsal_board {

namespace {

std::string shown(const settings_store& settings, std::size_t index) {
    const auto& key = settings_store::keys.at(index);
    const auto quote = key.number ? "" : "\"";
    return std::string(key.name) + "=" + quote + settings.get(index) + quote + "\r\n";
}

std::string not_recognized(const std::string& key) {
    return "Error: key: " + key + " was not recognized.\r\n";
}

task<> get(shell& self, shell::words args) {
    if (args.size() < 3) {
        for (std::size_t i = 0; i < settings_store::keys.size(); ++i)
            co_await self.print(shown(self.settings(), i));
        co_return;
    }
    const auto index = settings_store::find(args[2]);
    const std::string answer = index ? shown(self.settings(), *index) : not_recognized(args[2]);
    co_await self.print(answer);
}

task<> set(shell& self, shell::words args) {
    const auto index = settings_store::find(args[2]);
    if (!index) {
        co_await self.print(not_recognized(args[2]));
        co_return;
    }
    // What follows a space in the value is lost without a word, and a number is whatever strtoul makes of it.
    std::string value = args.size() > 3 ? args[3] : "";
    if (settings_store::keys.at(*index).number) value = std::to_string(parse_number(value));
    self.settings().set(*index, value);
    co_await self.print(shown(self.settings(), *index));
}

}  // namespace

task<> conf_command(shell& self, shell::words args) {
    const std::string mode = args.size() > 1 ? args[1] : "";
    const bool is_set = mode == "set" && args.size() > 2;
    if (mode != "get" && mode != "commit" && !is_set) {
        co_await self.print(std::string(help_conf));
        co_return;
    }
    if (!self.host().settings_ready()) {
        self.host().crash("queue.c:1533");
        co_await shell::forever();
    }
    if (mode == "get") {
        co_await get(self, std::move(args));
    } else if (is_set) {
        co_await set(self, std::move(args));
    } else {
        co_await self.busy(self.flash_time());
        self.settings().commit();
        co_await self.print("Configuration saved to NVM.\r\n");
    }
}

}  // namespace fleetline::rehearsal_board
