// SPDX-License-Identifier: Apache-2.0
// How much of a list is shown: all of it in a pipe and in JSON, the newest hundred on a terminal, unless
// --limit says otherwise; and the words at its end. One thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "cli/command.hpp"

namespace fleetline::cli {

class list_limit {
  public:
    list_limit(surroundings& here, std::int64_t asked);

    /// One row more than shown is asked for, to know whether there are more.
    ledger::filter applied_to(ledger::filter wanted) const;

    /// Counts a row; true when it is one too many.
    bool reached();

    /// "No attempts." or, for a list cut by default, how to see the rest.
    void close(std::size_t rows, std::string_view of_what);

  private:
    surroundings& here_;
    std::int64_t most_;
    bool by_default_;
    std::int64_t counted_ = 0;
    bool more_ = false;
};

}  // namespace fleetline::cli
