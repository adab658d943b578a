// SPDX-License-Identifier: Apache-2.0
#include "line.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

namespace fleetline::rehearsal_board {

namespace {

std::vector<std::string> words_of(const std::string& text) {
    std::istringstream in(text);
    std::vector<std::string> words;
    for (std::string word; in >> word;) words.push_back(word);
    return words;
}

std::string joined(const std::vector<std::string>& words, std::size_t from) {
    std::string text;
    for (std::size_t i = from; i < words.size(); ++i) text += (text.empty() ? "" : " ") + words[i];
    return text;
}

std::string from_hex(const std::string& text) {
    if (text.size() % 2 != 0 || text.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos)
        throw std::runtime_error("not hex: " + text);
    std::string bytes;
    for (std::size_t i = 0; i < text.size(); i += 2)
        bytes += static_cast<char>(std::strtol(text.substr(i, 2).c_str(), nullptr, 16));
    return bytes;
}

const std::string& word(const std::vector<std::string>& words, std::size_t index) {
    if (index >= words.size()) throw std::runtime_error("too few words");
    return words[index];
}

}  // namespace

line::line(event_loop& loop, event_log& events, line_settings settings)
    : loop_(loop), events_(events), settings_(std::move(settings)), cloud_(loop) {
    std::filesystem::create_directories(settings_.usb);
    std::filesystem::create_directories(settings_.devices);
}

std::string line::next_name() {
    std::array<char, 64> name{};
    for (std::size_t number = 1;; ++number) {
        std::snprintf(name.data(), name.size(), "%s%02zu", settings_.slot_prefix.c_str(), number);
        const bool taken = std::any_of(boards_.begin(), boards_.end(),
                                       [&](const auto& board) { return board->name() == name.data(); });
        if (!taken) return name.data();
    }
}

board& line::add(const std::string& serial, const std::string& name) {
    const auto number = static_cast<int>(boards_.size()) + 1;
    // Boards with the same serial number have a flash each: the second is SERIAL~2.
    const auto same = std::count_if(boards_.begin(), boards_.end(),
                                    [&](const auto& board) { return board->serial() == serial; });
    const auto flash = settings_.devices / (same == 0 ? serial : serial + "~" + std::to_string(same + 1));
    boards_.push_back(std::make_unique<board>(loop_, cloud_, events_, settings_.each, flash, settings_.usb,
                                              name.empty() ? next_name() : name, number, serial));
    return *boards_.back();
}

void line::unplug_all() {
    for (const auto& board : boards_) board->unplug("exit");
}

board* line::find(const std::string& what) {
    for (const auto& board : boards_)
        if (board->name() == what) return board.get();
    for (const auto& board : boards_)
        if (board->serial() == what) return board.get();
    return nullptr;
}

board& line::need(const std::string& what) {
    auto* found = find(what);
    if (found == nullptr) throw std::runtime_error("no board " + what);
    return *found;
}

// A serial number that is unknown, or whose boards all sit in other ports than the named one, makes a new
// board.
void line::plug(const std::string& serial, const std::string& name) {
    for (const auto& board : boards_) {
        if (board->name() != name) continue;
        if (board->serial() != serial) throw std::runtime_error(name + " belongs to " + board->serial());
        board->plug();
        return;
    }
    auto* known = find(serial);
    if (name.empty() && known != nullptr)
        known->plug();
    else
        add(serial, name).plug();
}

void line::unplug_at(board& which, std::string step) {
    trigger what;
    for (const auto& [word, moment] :
         {std::pair{" before", trigger::at::before}, std::pair{" middle", trigger::at::middle},
          std::pair{" after", trigger::at::after}}) {
        const std::string suffix = word;
        if (step.size() <= suffix.size() ||
            step.compare(step.size() - suffix.size(), suffix.size(), suffix) != 0)
            continue;
        what.moment = moment;
        step.resize(step.size() - suffix.size());
        break;
    }
    what.command = step;
    which.arm(what);
}

std::string line::list() const {
    nlohmann::ordered_json all = nlohmann::ordered_json::array();
    for (const auto& board : boards_) {
        nlohmann::ordered_json one;
        one["serial"] = board->serial();
        one["port"] = board->name();
        one["plugged"] = board->plugged();
        one["tty"] = board->tty();
        one["faults"] = board->faults().list();
        all.push_back(std::move(one));
    }
    nlohmann::ordered_json answer;
    answer["ok"] = true;
    answer["boards"] = std::move(all);
    return answer.dump();
}

bool line::run(const std::string& verb, const std::vector<std::string>& words) {
    if (verb == "plug")
        plug(word(words, 1), words.size() > 2 ? words[2] : "");
    else if (verb == "unplug")
        need(word(words, 1)).unplug();
    else if (verb == "replug") {
        need(word(words, 1)).unplug();
        need(word(words, 1)).plug();
    } else if (verb == "log")
        need(word(words, 1)).log("INF", "MQTTAgent", joined(words, 2), "mqtt_agent_task.c:640");
    else if (verb == "chatter")
        need(word(words, 1)).set_chatter(std::chrono::milliseconds(std::stol(word(words, 2))));
    else if (verb == "fault") {
        if (!fault_set::known(word(words, 2)))
            throw std::runtime_error("no fault " + words[2] + "; known: " + fault_set::all());
        need(words[1]).set_fault(words[2], joined(words, 3));
    } else if (verb == "clear-faults")
        need(word(words, 1)).clear_faults();
    else if (verb == "raw")
        need(word(words, 1)).send_raw(from_hex(word(words, 2)));
    else if (verb == "unplug-at")
        unplug_at(need(word(words, 1)), joined(words, 2));
    else if (verb == "exit")
        loop_.stop();
    else
        return false;
    return true;
}

std::string line::command(const std::string& text) {
    nlohmann::ordered_json answer;
    try {
        const auto words = words_of(text);
        if (words.empty()) throw std::runtime_error("empty command");
        if (words[0] == "list") return list();
        if (!run(words[0], words)) throw std::runtime_error("no command " + words[0]);
        answer["ok"] = true;
    } catch (const std::exception& e) {
        answer["ok"] = false;
        answer["error"] = e.what();
    }
    return answer.dump();
}

}  // namespace fleetline::rehearsal_board
