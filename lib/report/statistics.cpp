// SPDX-License-Identifier: Apache-2.0
#include "report/statistics.hpp"

#include <algorithm>
#include <functional>
#include <unordered_map>

#include "core/natural_order.hpp"

namespace fleetline::report {

namespace {

std::optional<double> share(std::int64_t part, std::int64_t whole) {
    if (whole == 0) return std::nullopt;
    return static_cast<double>(part) / static_cast<double>(whole);
}

/// What a unit's attempts of the period came to so far.
struct standing {
    bool tried = false, ever_passed = false, last_passed = false;

    void add(bool passed) {
        tried = true;
        ever_passed = ever_passed || passed;
        last_passed = passed;
    }
};

/// Standings by key, of those asked for lately: at most twice `most`, so that memory does not grow with the
/// ledger.
class recent_standings {
  public:
    explicit recent_standings(std::size_t most) : most_(most) {}

    std::optional<standing> find(std::size_t key) const {
        for (const auto* where : {&newer_, &older_})
            if (const auto found = where->find(key); found != where->end()) return found->second;
        return std::nullopt;
    }
    void put(std::size_t key, const standing& what) {
        newer_[key] = what;
        if (newer_.size() < most_) return;
        older_ = std::move(newer_);
        newer_.clear();
        ++turns_;
    }

    /// For `forgets_since`.
    std::int64_t moment() const { return turns_; }

    /// Whether a key that was put after that moment may be forgotten by now.
    bool forgets_since(std::int64_t moment) const { return turns_ >= moment + 2; }

  private:
    std::size_t most_;
    std::int64_t turns_ = 0;
    std::unordered_map<std::size_t, standing> newer_, older_;
};

bool passed(const ledger::attempt_row& row) {
    return row.outcome == "passed";
}

/// An attempt that is not under way, on a board that was not refused.
bool counts(const ledger::attempt_row& row) {
    return !row.outcome.empty() && row.outcome != "refused";
}

/// Figures while they are counted.
class counter {
  public:
    explicit counter(std::int64_t began) : began_(began) {}

    /// The moment of `recent_standings` at which the first attempt came.
    std::int64_t began() const { return began_; }

    /// `before`: the unit's, without this attempt.
    void add(const ledger::attempt_row& row, bool first_ever, const standing& before) {
        if (!counts(row)) {
            ++all_.refused;
            return;
        }
        const bool good = passed(row);
        ++(good ? all_.passed : row.outcome == "failed" ? all_.failed : all_.abandoned);
        if (good && row.duration_ms) all_.cycle.add(*row.duration_ms);
        if (first_ever) {
            ++all_.first_attempts;
            all_.first_passed += good ? 1 : 0;
        }
        if (std::string_view hour = std::string_view{row.started_at}.substr(0, 13); hour != hour_) {
            hour_ = hour;  // rows come in order of time
            ++all_.hours;
        }
        if (row.serial.empty()) return;
        all_.units += before.tried ? 0 : 1;
        all_.units_passed += good && !before.ever_passed ? 1 : 0;
        all_.units_final += (good ? 1 : 0) - (before.last_passed ? 1 : 0);
    }

    figures result() && { return std::move(all_); }

  private:
    figures all_;
    std::string hour_;
    std::int64_t began_;
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

/// What the attempts of the row's unit before the row came to: in all the period, or in the row's group of
/// it.
class histories {
  public:
    histories(const ledger::reader& ledger, const ledger::filter& wanted, std::size_t remembered)
        : ledger_(ledger), wanted_(wanted), recent_(remembered) {
        // They are looked up by serial number: the period's rows are not to be read for each of them.
        if (wanted.since) since_ = to_rfc3339(*wanted.since);
        if (wanted.until) until_ = to_rfc3339(*wanted.until);
        wanted_.since.reset();
        wanted_.until.reset();
    }

    std::int64_t moment() const { return recent_.moment(); }

    bool is_remembered(const ledger::attempt_row& row) const {
        return recent_.find(key_of(row, grouping::none)).has_value();
    }

    /// Remembers the row for the unit's next one. `began`: when the period or group did.
    standing before(const ledger::attempt_row& row, bool first_ever, grouping by, std::int64_t began) {
        const auto key = key_of(row, by);
        auto known = recent_.find(key);
        if (!known) known = first_ever || !recent_.forgets_since(began) ? standing{} : from_ledger(row, by);
        auto with_it = *known;
        with_it.add(passed(row));
        recent_.put(key, with_it);
        return *known;
    }

  private:
    /// Serials and groups as 64-bit hashes: shorter than they are.
    static std::size_t key_of(const ledger::attempt_row& row, grouping by) {
        return std::hash<std::string>{}(row.serial + '\0' +
                                        (by == grouping::none ? "" : '=' + group_of(row, by)));
    }

    bool is_in_period(const ledger::attempt_row& row) const {
        return row.started_at >= since_ && (until_.empty() || row.started_at < until_);
    }

    standing from_ledger(const ledger::attempt_row& row, grouping by) {
        wanted_.serial = row.serial;
        standing so_far;
        ledger_.attempts(wanted_, [&](const ledger::attempt_row& earlier) {
            if (earlier.attempt_id == row.attempt_id) return false;
            if (counts(earlier) && is_in_period(earlier) && group_of(earlier, by) == group_of(row, by))
                so_far.add(passed(earlier));
            return true;
        });
        return so_far;
    }

    const ledger::reader& ledger_;
    ledger::filter wanted_;
    std::string since_, until_;
    recent_standings recent_;
};

std::vector<failure_count> by_frequency(const std::map<std::string, failure_count>& counted) {
    std::vector<failure_count> sorted;
    sorted.reserve(counted.size());
    for (const auto& [code, count] : counted) sorted.push_back(count);
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

statistics collect(const ledger::reader& ledger, ledger::filter wanted, grouping by, std::size_t remembered) {
    wanted.newest_first = false;
    wanted.limit = -1;
    wanted.brief = true;
    histories units(ledger, wanted, remembered);
    counter total(units.moment());
    std::map<std::string, counter, natural_order> groups;
    std::map<std::string, failure_count> failures;
    statistics result;
    result.by = by;
    ledger.attempts(wanted, [&](const ledger::attempt_row& row) {
        if (row.outcome.empty()) return true;
        const bool has_history = counts(row) && !row.serial.empty();
        const bool first_ever =
            has_history && !units.is_remembered(row) && ledger.first_attempt_of(row.serial) == row.attempt_id;
        const auto count = [&](counter& in, grouping what) {
            in.add(row, first_ever,
                   has_history ? units.before(row, first_ever, what, in.began()) : standing{});
        };
        count(total, grouping::none);
        if (by != grouping::none)
            count(groups.try_emplace(group_of(row, by), units.moment()).first->second, by);
        if (!row.failure_code.empty()) {
            auto& of = failures[row.failure_code];
            of.code = row.failure_code;
            ++of.count;
            if (!counts(row)) ++of.refused;
        }
        if (!passed(row)) return true;
        for (const auto& [step, duration] : steps_of(row)) result.steps[step].add(duration);
        return true;
    });
    result.total = std::move(total).result();
    for (auto& [name, counted] : groups) result.groups.push_back({name, std::move(counted).result()});
    result.failures = by_frequency(failures);
    return result;
}

}  // namespace fleetline::report
