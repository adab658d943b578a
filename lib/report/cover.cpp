// SPDX-License-Identifier: Apache-2.0
#include "report/cover.hpp"

#include <chrono>
#include <utility>

namespace fleetline::report {

namespace {

/// No more digits than the time has: a period that begins at 08:00:30 must not say 08:00.
std::string time_of(utc_time when) {
    using namespace std::chrono;
    auto text = to_rfc3339(when);  // 2026-11-24T08:00:30.000Z
    text[10] = ' ';
    if (when == floor<minutes>(when)) return text.substr(0, 16);
    return text.substr(0, when == floor<seconds>(when) ? 19 : 23);
}

std::string rows_of(const cover& of) {
    std::string text = std::to_string(of.rows) + (of.wanted.outcome.empty() ? " (every attempt and refusal)"
                                                                            : " (attempts that passed)");
    if (of.under_way > 0) text += ", " + std::to_string(of.under_way) + " under way";
    if (of.wanted.limit >= 0) text += ", no more than " + std::to_string(of.wanted.limit) + " were asked for";
    return text;
}

}  // namespace

cover make_cover(const ledger::reader& ledger, std::string station, const ledger::filter& wanted,
                 utc_time now) {
    cover made;
    made.station = std::move(station);
    made.made_at = now;
    made.wanted = wanted;
    made.head = ledger.head();
    auto all = wanted;
    all.outcome.clear();
    made.by_day = collect(ledger, all, grouping::day);
    made.by_slot = collect(ledger, all, grouping::slot);
    auto counted = wanted;
    counted.brief = true;
    ledger.attempts(counted, [&made](const ledger::attempt_row& row) {
        ++made.rows;
        if (row.outcome.empty()) ++made.under_way;
        return true;
    });
    return made;
}

std::string period_text(const ledger::filter& wanted) {
    if (wanted.since && wanted.until)
        return time_of(*wanted.since) + " to " + time_of(*wanted.until) + " UTC";
    if (wanted.since) return "since " + time_of(*wanted.since) + " UTC";
    if (wanted.until) return "until " + time_of(*wanted.until) + " UTC";
    return {};
}

std::vector<std::pair<std::string, std::string>> facts_of(const cover& of) {
    const auto period = period_text(of.wanted);
    return {{"Station", of.station},
            {"Period", period.empty() ? "everything in the ledger" : period},
            {"Product", of.wanted.product.empty() ? "all" : of.wanted.product},
            {"Work order", of.wanted.order.empty() ? "all" : of.wanted.order},
            {"Rows", rows_of(of)},
            {"Made", time_of(of.made_at) + " UTC by fleetline " FLEETLINE_VERSION},
            {"Ledger's chain", "event " + std::to_string(of.head.seq) + ", " + of.head.hash}};
}

}  // namespace fleetline::report
