// SPDX-License-Identifier: Apache-2.0
#include "events.hpp"

#include <array>
#include <chrono>
#include <ctime>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace fleetline::rehearsal_board {

namespace {

int keep_open(std::FILE* /*file*/) {
    return 0;
}

std::string utc_now() {
    const auto now = std::chrono::system_clock::now();
    const auto seconds = std::chrono::system_clock::to_time_t(now);
    const auto ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
    std::tm utc{};
    ::gmtime_r(&seconds, &utc);
    std::array<char, 32> text{};
    const auto size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
    std::array<char, 8> fraction{};
    std::snprintf(fraction.data(), fraction.size(), ".%03dZ", static_cast<int>(ms));
    return std::string(text.data(), size) + fraction.data();
}

}  // namespace

event_log::event_log(const std::string& path)
    : out_(path.empty() ? stdout : std::fopen(path.c_str(), "ae"), path.empty() ? keep_open : std::fclose) {
    if (!out_) throw std::runtime_error("cannot write " + path);
}

void event_log::write(const std::string& event, const std::string& serial, const std::string& port,
                      std::initializer_list<field> more) {
    nlohmann::ordered_json line;
    line["time"] = utc_now();
    line["event"] = event;
    line["serial"] = serial;
    line["port"] = port;
    for (const auto& [name, content] : more)
        std::visit([&line, name = name](const auto& v) { line[name] = v; }, content);
    const auto text = line.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) + "\n";
    std::fwrite(text.data(), 1, text.size(), out_.get());
    std::fflush(out_.get());
}

}  // namespace fleetline::rehearsal_board
