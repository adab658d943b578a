// SPDX-License-Identifier: Apache-2.0
// The options that lists, reports and statistics share: --since --until --product --order --outcome --slot
// --operator --failure-code --search --limit.
// A value that one command owns from the parsing to its end.
#pragma once

#include <string>

#include "core/time.hpp"
#include "ledger/reader.hpp"

namespace fleetline::cli {

class words;

struct filter_options {
    std::string since, until;
    std::string product, order, outcome;
    std::string slot, operator_name, failure_code, search;
    std::int64_t limit = -1;

    void add_period(words& to);
    void add_selection(words& to);
    void add_outcome(words& to);
    void add_search(words& to);
    void add_limit(words& to);

    /// Throws command_error (usage) for a time that is none.
    ledger::filter as_filter(utc_time now) const;
};

/// An RFC 3339 time or date (UTC), "now", "today", "yesterday", or how long ago: 90s, 15m, 8h, 7d.
checked<utc_time> parse_when(std::string_view text, utc_time now);

}  // namespace fleetline::cli
