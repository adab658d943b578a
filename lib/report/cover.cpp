// SPDX-License-Identifier: Apache-2.0
#include "report/cover.hpp"

namespace fleetline::report {

namespace {

std::string day_and_minute(utc_time when) {
    auto text = to_rfc3339(when).substr(0, 16);
    text[10] = ' ';
    return text;
}

std::string period_of(const cover& of) {
    const auto& wanted = of.wanted;
    if (wanted.since && wanted.until)
        return day_and_minute(*wanted.since) + " to " + day_and_minute(*wanted.until) + " UTC";
    if (wanted.since) return "since " + day_and_minute(*wanted.since) + " UTC";
    if (wanted.until) return "until " + day_and_minute(*wanted.until) + " UTC";
    return "everything in the ledger";
}

}  // namespace

cover make_cover(const ledger::reader& ledger, const ledger::filter& wanted, utc_time now) {
    cover made;
    made.station = ledger.station();
    made.made_at = now;
    made.wanted = wanted;
    made.head = ledger.head();
    auto all = wanted;
    all.outcome.clear();
    made.by_day = collect(ledger, all, grouping::day);
    made.by_slot = collect(ledger, all, grouping::slot);
    auto counted = wanted;
    counted.brief = true;
    ledger.attempts(counted, [&made](const ledger::attempt_row&) {
        ++made.rows;
        return true;
    });
    return made;
}

std::vector<std::pair<std::string, std::string>> facts_of(const cover& of) {
    return {{"Station", of.station},
            {"Period", period_of(of)},
            {"Product", of.wanted.product.empty() ? "all" : of.wanted.product},
            {"Work order", of.wanted.order.empty() ? "all" : of.wanted.order},
            {"Rows", std::to_string(of.rows) +
                         (of.wanted.outcome.empty() ? " (every attempt)" : " (attempts that passed)")},
            {"Made", day_and_minute(of.made_at) + " UTC by fleetline " FLEETLINE_VERSION},
            {"Ledger's chain", "event " + std::to_string(of.head.seq) + ", " + of.head.hash}};
}

}  // namespace fleetline::report
