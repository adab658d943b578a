// SPDX-License-Identifier: Apache-2.0
// What a command prints to: standard output, in colour when that is a terminal and nobody objects
// (NO_COLOR, TERM=dumb). Owned by run(); one thread. Errors of the output throw std::system_error.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "report/output.hpp"

namespace fleetline::cli {

enum class ink : std::uint8_t { plain, strong, faint, good, bad, warning, accent };

class screen {
  public:
    screen(report::output& to, bool terminal, bool colour) : to_(to), terminal_(terminal), colour_(colour) {}

    /// For the process's standard output.
    static screen standard(report::output& to, int descriptor);

    std::string paint(ink with, std::string_view text) const;
    void print(std::string_view text) { to_.write(text); }
    void line(std::string_view text = {}) {
        to_.write(text);
        to_.put('\n');
    }

    /// A label and its value, aligned with its neighbours.
    void fact(std::string_view label, std::string_view value);

    bool is_terminal() const noexcept { return terminal_; }
    report::output& raw() noexcept { return to_; }

  private:
    report::output& to_;
    bool terminal_;
    bool colour_;
};

/// The ink of an outcome or a certificate's state.
ink ink_of(std::string_view word);

}  // namespace fleetline::cli
