// SPDX-License-Identifier: Apache-2.0
#include "report/statistics.hpp"

#include <algorithm>
#include <functional>
#include <unordered_map>

namespace fleetline::report {

namespace {

std::optional<double> share(std::int64_t part, std::int64_t whole) {
    if (whole == 0) return std::nullopt;
    return static_cast<double>(part) / static_cast<double>(whole);
}

/// Figures while they are counted: what each unit's last attempt was, and the hour looked at last.
class counter {
  public:
    void add(const ledger::attempt_row& row, bool first_ever) {
        if (row.outcome == "refused") {
            ++all_.refused;
            return;
        }
        const bool passed = row.outcome == "passed";
        ++(passed ? all_.passed : row.outcome == "failed" ? all_.failed : all_.abandoned);
        if (passed && row.duration_ms) all_.cycle.add(*row.duration_ms);
        if (first_ever) {
            ++all_.first_attempts;
            all_.first_passed += passed ? 1 : 0;
        }
        if (std::string_view hour = std::string_view{row.started_at}.substr(0, 13); hour != hour_) {
            hour_ = hour;  // rows come in order of time
            ++all_.hours;
        }
        if (row.serial.empty()) return;
        auto& unit = units_[std::hash<std::string>{}(row.serial)];
        unit.last_passed = passed;
        unit.ever_passed = unit.ever_passed || passed;
    }

    figures result() && {
        all_.units = static_cast<std::int64_t>(units_.size());
        for (const auto& [serial, unit] : units_) {
            all_.units_passed += unit.ever_passed ? 1 : 0;
            all_.units_final += unit.last_passed ? 1 : 0;
        }
        return std::move(all_);
    }

  private:
    struct standing {
        bool last_passed = false;
        bool ever_passed = false;
    };

    figures all_;
    std::string hour_;
    std::unordered_map<std::size_t, standing> units_;  // by the serial's 64-bit hash: millions of them fit
};

std::string group_of(const ledger::attempt_row& row, grouping by) {
    switch (by) {
        case grouping::hour:
            return row.started_at.substr(0, 13) + ":00:00.000Z";
        case grouping::day:
            return row.started_at.substr(0, 10) + "T00:00:00.000Z";
        case grouping::product:
            return row.product;
        case grouping::slot:
            return row.slot;
        case grouping::order:
            return row.order;
        case grouping::none:
            break;
    }
    return {};
}

std::vector<failure_count> by_frequency(const std::map<std::string, std::int64_t>& counted) {
    std::vector<failure_count> sorted;
    sorted.reserve(counted.size());
    for (const auto& [code, count] : counted) sorted.push_back({code, count});
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const auto& a, const auto& b) { return a.count > b.count; });
    return sorted;
}

}  // namespace

std::optional<double> figures::first_pass_yield() const {
    return share(first_passed, first_attempts);
}
std::optional<double> figures::final_yield() const {
    return share(units_final, units);
}
std::optional<double> figures::attempt_yield() const {
    return share(passed, attempts());
}
std::optional<double> figures::units_per_hour() const {
    return share(units_passed, hours);
}

statistics collect(const ledger::reader& ledger, ledger::filter wanted, grouping by) {
    wanted.newest_first = false;
    wanted.limit = -1;
    wanted.brief = true;
    counter total;
    std::map<std::string, counter> groups;
    std::map<std::string, std::int64_t> failures;
    statistics result;
    result.by = by;
    ledger.attempts(wanted, [&](const ledger::attempt_row& row) {
        if (row.outcome.empty()) return true;
        const bool first_ever = row.outcome != "refused" && !row.serial.empty() &&
                                ledger.first_attempt_of(row.serial) == row.attempt_id;
        total.add(row, first_ever);
        if (by != grouping::none) groups[group_of(row, by)].add(row, first_ever);
        if (!row.failure_code.empty()) ++failures[row.failure_code];
        if (row.outcome != "passed") return true;
        for (const auto& [step, duration] : steps_of(row)) result.steps[step].add(duration);
        return true;
    });
    result.total = std::move(total).result();
    for (auto& [name, counted] : groups) result.groups.push_back({name, std::move(counted).result()});
    result.failures = by_frequency(failures);
    return result;
}

}  // namespace fleetline::report
