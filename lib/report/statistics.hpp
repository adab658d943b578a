// SPDX-License-Identifier: Apache-2.0
// How well the line does, from the ledger's attempts, by the definitions of docs and man page:
//   first-pass yield  of the units whose first attempt ever falls in the period, the share that passed it
//   final yield       of the units attempted in the period, the share whose last attempt in it passed
//   attempt yield     passed attempts of all attempts
//   units per hour    units that passed, per clock hour in which anything was attempted
//   cycle time        duration of attempts that passed
// A refused board was not attempted: it is counted apart. An attempt under way counts nowhere. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/reader.hpp"
#include "report/histogram.hpp"

namespace fleetline::report {

enum class grouping { none, hour, day, product, slot, order };

struct figures {
    std::int64_t passed = 0, failed = 0, abandoned = 0, refused = 0;  ///< attempts by outcome
    std::int64_t units = 0;                                           ///< boards attempted
    std::int64_t units_passed = 0;                                    ///< boards that passed at least once
    std::int64_t units_final = 0;                                     ///< boards whose last attempt passed
    std::int64_t first_attempts = 0, first_passed = 0;
    std::int64_t hours = 0;  ///< clock hours with an attempt
    histogram cycle;

    std::int64_t attempts() const noexcept { return passed + failed + abandoned; }
    std::optional<double> first_pass_yield() const;
    std::optional<double> final_yield() const;
    std::optional<double> attempt_yield() const;
    std::optional<double> units_per_hour() const;
};

struct group_figures {
    std::string name;  ///< the product, slot or order; for hours and days when it begins, RFC 3339
    figures all;
};

struct failure_count {
    std::string code;
    std::int64_t count = 0;
    std::int64_t refused = 0;  ///< of them: what was not attempted

    std::int64_t not_passed() const noexcept { return count - refused; }
};

struct statistics {
    grouping by = grouping::none;
    figures total;
    std::vector<group_figures> groups;       ///< by name, A2 before A10
    std::map<std::string, histogram> steps;  ///< of attempts that passed
    std::vector<failure_count> failures;     ///< most frequent first
};

/// Reads the attempts that `wanted` selects; its order and limit are not used. Memory grows with the groups
/// only: the units seen last are `remembered`, of others that come again the earlier attempts are read again.
statistics collect(const ledger::reader& ledger, ledger::filter wanted, grouping by,
                   std::size_t remembered = 65'536);

/// One JSON document, on one line: what the API and `fleetline stats --json` answer.
std::string to_json_text(const statistics& from);

}  // namespace fleetline::report
