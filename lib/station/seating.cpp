// SPDX-License-Identifier: Apache-2.0
#include "station/seating.hpp"

#include <fstream>
#include <system_error>
#include <utility>

namespace fleetline::station {

namespace {

constexpr std::size_t longest_line = 1024;
constexpr std::size_t most_seats = 4096;

bool is_word(std::string_view text) {
    return !text.empty() && text.find_first_of(" \n") == std::string_view::npos;
}

}  // namespace

seating::seating(std::filesystem::path file, const logger& log) : file_(std::move(file)), log_(log) {
    if (!file_.empty()) read();
}

/// Lines of PLUGGING ATTEMPT SLOT; a slot's name may hold spaces. What is no such line is passed over.
void seating::read() {
    std::ifstream in(file_, std::ios::binary);
    std::string line(longest_line, '\0');
    while (seats_.size() < most_seats && in.getline(line.data(), static_cast<std::streamsize>(line.size()))) {
        const std::string_view text(line.data(), static_cast<std::size_t>(in.gcount()) - (in.eof() ? 0 : 1));
        const auto first = text.find(' ');
        const auto second = first == std::string_view::npos ? first : text.find(' ', first + 1);
        if (second == std::string_view::npos) continue;
        const auto plugging = text.substr(0, first);
        const auto attempt = text.substr(first + 1, second - first - 1);
        if (!is_word(plugging) || !is_word(attempt)) continue;
        seats_[slot_name{std::string(text.substr(second + 1))}] = {std::string(plugging),
                                                                   attempt_id{std::string(attempt)}};
    }
}

void seating::note(const slot_name& slot, const std::string& plugging, const attempt_id& attempt) {
    if (file_.empty()) return;
    if (is_word(plugging))
        seats_[slot] = {plugging, attempt};
    else if (seats_.erase(slot) == 0)
        return;
    write();
}

/// Not synced: it is worth nothing after a power cut.
void seating::write() {
    const std::filesystem::path made{file_.native() + "~"};
    std::error_code trouble;
    {
        std::ofstream out(made, std::ios::binary | std::ios::trunc);
        for (const auto& [slot, one] : seats_)
            out << one.plugging << ' ' << one.attempt.text() << ' ' << slot.text() << '\n';
        out.close();
        if (!out) trouble = std::make_error_code(std::errc::io_error);
    }
    if (!trouble) std::filesystem::rename(made, file_, trouble);
    std::error_code ignored;
    // Better none than an old one: it would tell of an earlier attempt at the same board.
    if (trouble) std::filesystem::remove(file_, ignored);
    if (trouble && !in_trouble_)
        log_.warning("Who sits where cannot be kept, and a restart tries boards that have passed again: " +
                     file_.string() + ": " + trouble.message());
    in_trouble_ = static_cast<bool>(trouble);
}

attempt_id seating::last_attempt(const slot_name& slot, std::string_view plugging) const {
    const auto found = seats_.find(slot);
    if (plugging.empty() || found == seats_.end() || found->second.plugging != plugging) return {};
    return found->second.attempt;
}

}  // namespace fleetline::station
