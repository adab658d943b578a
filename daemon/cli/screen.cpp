// SPDX-License-Identifier: Apache-2.0
#include "cli/screen.hpp"

#include <unistd.h>

#include <array>
#include <cstdlib>

#include "cli/text.hpp"

namespace fleetline::cli {

screen screen::standard(report::output& to, int descriptor) {
    const bool terminal = ::isatty(descriptor) == 1;
    const char* refused = std::getenv("NO_COLOR");  // https://no-color.org: set and not empty
    const char* kind = std::getenv("TERM");
    const bool colour = terminal && (refused == nullptr || *refused == '\0') && kind != nullptr &&
                        std::string_view{kind} != "dumb";
    return screen{to, terminal, colour};
}

std::string screen::paint(ink with, std::string_view text) const {
    static constexpr std::array<std::string_view, 7> codes{"", "1", "2", "32", "1;31", "33", "36"};
    const auto code = codes.at(static_cast<std::size_t>(with));
    if (!colour_ || code.empty() || text.empty()) return std::string{text};
    return "\x1b[" + std::string{code} + 'm' + std::string{text} + "\x1b[0m";
}

void screen::fact(std::string_view label, std::string_view value) {
    static constexpr std::size_t column = 14;
    std::string padded{label};
    padded.resize(std::max(column, label.size() + 1), ' ');
    line("  " + paint(ink::faint, padded) + std::string{value});
}

ink ink_of(std::string_view word) {
    if (word == "passed" || word == "current") return ink::good;
    if (word == "failed" || word == "orphaned") return ink::bad;
    if (word == "refused" || word == "abandoned" || word == "superseded" || word == "unaccounted")
        return ink::warning;
    if (word == "revoked") return ink::faint;
    return ink::plain;
}

}  // namespace fleetline::cli
