// SPDX-License-Identifier: Apache-2.0
#include "witness.hpp"

#include <algorithm>
#include <map>

namespace fleetline::simulation {

void witness::compare(const ledger::reader& book) const {
    std::map<std::string, std::vector<ledger::event_row>> of_attempt;
    std::map<std::pair<std::string, std::string>, std::ptrdiff_t> times;
    for (const auto& one : seen_) {
        const auto [found, added] = of_attempt.try_emplace(one.attempt);
        if (added) found->second = book.events_of(one.attempt);
        const auto events = std::count_if(
            found->second.begin(), found->second.end(),
            [&one](const auto& row) { return row.kind == one.kind && row.recorded_at <= one.at; });
        // An attempt may ask several times, each time with an event; its board makes its keys under one.
        const auto needed = one.kind == "admitted" ? 1 : ++times[{one.attempt, one.kind}];
        if (events < needed)
            story_.violation("I3: " + one.what + " of attempt " + one.attempt + " before '" + one.kind +
                             "' was durable");
    }
}

}  // namespace fleetline::simulation
