// SPDX-License-Identifier: Apache-2.0
// A table with aligned columns. It looks at the first rows to choose its widths, then streams: a list of
// millions of rows neither waits nor grows. One thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/screen.hpp"

namespace fleetline::cli {

struct cell {
    cell(std::string shown, ink with = ink::plain) : text(std::move(shown)), colour(with) {}  // NOLINT
    cell(const char* shown) : text(shown) {}                                                  // NOLINT

    std::string text;  ///< safe to print
    ink colour = ink::plain;
};

enum class align { left, right };

struct heading {
    heading(std::string_view shown, align how = align::left) : text(shown), side(how) {}  // NOLINT
    heading(const char* shown) : text(shown) {}                                           // NOLINT

    std::string_view text;
    align side = align::left;
};

class table {
  public:
    table(screen& to, std::vector<heading> headings);

    void row(std::vector<cell> cells);

    /// Prints what is still held back. Answers how many rows there were.
    std::size_t finish();

  private:
    void print_held();
    void print(const std::vector<cell>& cells);

    screen& to_;
    std::vector<heading> headings_;
    std::vector<std::size_t> widths_;
    std::vector<std::vector<cell>> held_;
    std::size_t rows_ = 0;
    bool streaming_ = false;
};

}  // namespace fleetline::cli
