// SPDX-License-Identifier: Apache-2.0
#include "flash.hpp"

#include <algorithm>
#include <cstdlib>

#include "usb_link.hpp"

namespace fleetline::rehearsal_board {

namespace fs = std::filesystem;

flash::flash(fs::path directory)
    : directory_(std::move(directory)), blank_(fs::create_directories(directory_)) {}

std::string flash::read(std::string_view file) const {
    return read_file(path(file));
}

bool flash::has(std::string_view file) const {
    return fs::exists(path(file));
}

void flash::write(std::string_view file, const std::string& content, bool secret) {
    write_file(path(file), content, secret ? 0600 : 0644);
}

settings_store::settings_store(flash& memory) : memory_(memory) {
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const auto& key = keys.at(i);
        values_.at(i) = memory_.has(key.file) ? memory_.read(key.file) : std::string(key.initial);
    }
}

std::optional<std::size_t> settings_store::find(std::string_view name) {
    const auto* found =
        std::find_if(keys.begin(), keys.end(), [&](const entry& one) { return one.name == name; });
    if (found == keys.end()) return std::nullopt;
    return static_cast<std::size_t>(found - keys.begin());
}

void settings_store::commit() {
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const auto& key = keys.at(i);
        if (values_.at(i) != (memory_.has(key.file) ? memory_.read(key.file) : std::string(key.initial)))
            memory_.write(key.file, values_.at(i), key.name == "wifi_credential");
    }
}

std::uint32_t parse_number(const std::string& text) {
    constexpr std::uint64_t largest = 0xffffffffULL;
    const char* digits = text.c_str();
    const bool negative = *digits == '-';
    const std::uint64_t value = std::strtoull(negative ? digits + 1 : digits, nullptr, 10);
    if (value > largest) return 0xffffffffU;
    return static_cast<std::uint32_t>(negative ? (largest + 1 - value) & largest : value);
}

}  // namespace fleetline::rehearsal_board
