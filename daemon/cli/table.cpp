// SPDX-License-Identifier: Apache-2.0
#include "cli/table.hpp"

#include <algorithm>

#include "cli/text.hpp"

namespace fleetline::cli {

namespace {
constexpr std::size_t looked_at = 256;  // rows that decide the widths
}

table::table(screen& to, std::vector<heading> headings) : to_(to), headings_(std::move(headings)) {
    for (const auto& column : headings_) widths_.push_back(display_width(column.text));
}

void table::row(std::vector<cell> cells) {
    ++rows_;
    if (streaming_) return print(cells);
    held_.push_back(std::move(cells));
    if (held_.size() == looked_at) print_held();
}

std::size_t table::finish() {
    if (!streaming_ && rows_ > 0) print_held();
    return rows_;
}

void table::print_held() {
    streaming_ = true;
    for (const auto& cells : held_) {
        for (std::size_t i = 0; i < cells.size(); ++i)
            widths_[i] = std::max(widths_[i], display_width(cells[i].text));
    }
    std::vector<cell> titles;
    for (const auto& column : headings_) titles.emplace_back(std::string{column.text}, ink::faint);
    print(titles);
    for (const auto& cells : held_) print(cells);
    held_.clear();
}

void table::print(const std::vector<cell>& cells) {
    std::string text;
    std::size_t owed = 0;  // blanks are written only when something follows them
    for (std::size_t i = 0; i < cells.size(); ++i) {
        const std::size_t width = display_width(cells[i].text);
        const std::size_t blanks = widths_[i] > width ? widths_[i] - width : 0;
        const bool right = headings_[i].side == align::right;
        if (right) owed += blanks;
        if (!cells[i].text.empty()) {
            text.append(owed, ' ');
            owed = 0;
            text += to_.paint(cells[i].colour, cells[i].text);
        }
        owed += (right ? 0 : blanks) + 2;
    }
    to_.line(text);
}

}  // namespace fleetline::cli
