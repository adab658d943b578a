// SPDX-License-Identifier: Apache-2.0
#include "cli/lists.hpp"

#include <string>

namespace fleetline::cli {

namespace {
constexpr std::int64_t shown_on_a_terminal = 100;
}

list_limit::list_limit(surroundings& here, std::int64_t asked)
    : here_(here), most_(asked == 0 ? -1 : asked), by_default_(asked < 0) {
    if (by_default_ && here.out.is_terminal() && !here.wants_json) most_ = shown_on_a_terminal;
}

ledger::filter list_limit::applied_to(ledger::filter wanted) const {
    if (most_ > 0) wanted.limit = most_ + 1;
    return wanted;
}

bool list_limit::reached() {
    if (most_ < 0 || counted_ < most_) {
        ++counted_;
        return false;
    }
    more_ = true;
    return true;
}

void list_limit::close(std::size_t rows, std::string_view of_what) {
    auto& out = here_.out;
    if (rows == 0) return out.line(out.paint(ink::faint, "No " + std::string{of_what} + '.'));
    if (more_ && by_default_)
        out.line(out.paint(ink::faint, "The newest " + std::to_string(rows) + "; --limit 0 shows all."));
}

}  // namespace fleetline::cli
