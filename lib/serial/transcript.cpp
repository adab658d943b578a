// SPDX-License-Identifier: Apache-2.0
#include "serial/transcript.hpp"

#include <cstdio>

#include "core/encoding.hpp"

namespace fleetline::serial {

namespace {

constexpr std::size_t longest_entry = 1024;
constexpr std::size_t cost_of_entry = 64;  // what an empty one takes in memory, roughly

}  // namespace

void transcript::record(direction way, std::string_view bytes, milliseconds since_start) {
    while (!bytes.empty()) {
        const auto end = bytes.find('\n');
        const auto line = bytes.substr(0, end == std::string_view::npos ? end : end + 1);
        append(way, line, since_start);
        bytes.remove_prefix(line.size());
    }
    trim();
}

void transcript::record_concealed(direction way, std::size_t count, milliseconds since_start) {
    if (tail_.empty() || tail_.back().way != way || tail_.back().concealed == 0) {
        tail_.push_back({way, since_start, {}, 0});
        tail_size_ += cost_of_entry;
    }
    tail_.back().concealed += count;
    trim();
}

void transcript::append(direction way, std::string_view text, milliseconds at) {
    const bool goes_on = !tail_.empty() && tail_.back().way == way && tail_.back().concealed == 0 &&
                         !tail_.back().text.ends_with('\n') &&
                         tail_.back().text.size() + text.size() <= longest_entry;
    if (!goes_on) {
        tail_.push_back({way, at, {}, 0});
        tail_size_ += cost_of_entry;
    }
    tail_.back().text += text;
    tail_size_ += text.size();
}

void transcript::trim() {
    while (tail_.size() > 1 && head_size_ + tail_size_ > limit_) {
        entry& first = tail_.front();
        const auto size = first.text.size() + cost_of_entry;
        tail_size_ -= size;
        if (head_size_ + size <= limit_ / 4 && dropped_ == 0) {
            head_size_ += size;
            head_.push_back(std::move(first));
        } else {
            dropped_ += first.text.size() + first.concealed;
        }
        tail_.pop_front();
    }
}

std::string transcript::text() const {
    std::string all;
    const auto write = [&all](const entry& one) {
        char stamp[32];
        std::snprintf(stamp, sizeof stamp, "%9.3f %c ", static_cast<double>(one.at.count()) / 1000,
                      one.way == direction::to_board ? '>' : '<');
        std::string_view shown = one.text;
        while (shown.ends_with('\n') || shown.ends_with('\r')) shown.remove_suffix(1);
        all += stamp;
        all += one.concealed != 0 ? "[" + std::to_string(one.concealed) + " bytes concealed]"
                                  : printable(shown, longest_entry);
        all += '\n';
    };
    for (const auto& one : head_) write(one);
    if (dropped_ != 0) all += "          . " + std::to_string(dropped_) + " bytes left out\n";
    for (const auto& one : tail_) write(one);
    return all;
}

}  // namespace fleetline::serial
