// SPDX-License-Identifier: Apache-2.0
// What stands before a report's rows where the format has room for it (xlsx, pdf): what was asked, how many
// rows there are, the figures of the period, the chain's head. Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/time.hpp"
#include "ledger/reader.hpp"
#include "report/statistics.hpp"

namespace fleetline::report {

struct cover {
    std::string station;
    utc_time made_at{};
    ledger::filter wanted;  ///< an outcome of "passed": only those are listed; the figures are of all
    std::int64_t rows = 0;
    std::int64_t under_way = 0;  ///< of the rows: neither passed nor not passed
    statistics by_day, by_slot;
    ledger::chain_head head;
};

/// Reads the ledger through: counts the rows and collects the figures. `station` is who makes the report; a
/// ledger may know others too.
cover make_cover(const ledger::reader& ledger, std::string station, const ledger::filter& wanted,
                 utc_time now);

/// "2026-11-24 08:00 to 2026-11-24 09:10:30 UTC"; empty when neither end was asked for.
std::string period_text(const ledger::filter& wanted);

/// What was asked and what came of it, as lines of label and value.
std::vector<std::pair<std::string, std::string>> facts_of(const cover& of);

}  // namespace fleetline::report
