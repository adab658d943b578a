// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "report/statistics.hpp"

namespace fleetline::report {

namespace {

using json = nlohmann::ordered_json;

template <class T>
json value_of(const std::optional<T>& value) {
    return value ? json(*value) : json(nullptr);
}

json view_of(const figures& all) {
    return {{"units", all.units},
            {"units_passed", all.units_passed},
            {"first_attempts", all.first_attempts},
            {"first_pass_yield", value_of(all.first_pass_yield())},
            {"final_yield", value_of(all.final_yield())},
            {"attempts", all.attempts()},
            {"passed", all.passed},
            {"failed", all.failed},
            {"abandoned", all.abandoned},
            {"refused", all.refused},
            {"attempt_yield", value_of(all.attempt_yield())},
            {"hours", all.hours},
            {"units_per_hour", value_of(all.units_per_hour())},
            {"cycle_ms_median", value_of(all.cycle.quantile(0.5))},
            {"cycle_ms_p95", value_of(all.cycle.quantile(0.95))},
            {"cycle_ms_mean", value_of(all.cycle.mean())}};
}

const char* name_of(grouping by) {
    switch (by) {
        case grouping::hour:
            return "hour";
        case grouping::day:
            return "day";
        case grouping::product:
            return "product";
        case grouping::slot:
            return "slot";
        case grouping::order:
            return "order";
        case grouping::none:
            break;
    }
    return "";
}

}  // namespace

std::string to_json_text(const statistics& from) {
    const bool of_time = from.by == grouping::hour || from.by == grouping::day;
    json document{{"by", name_of(from.by)}, {"total", view_of(from.total)}};
    auto& groups = document["groups"] = json::array();
    for (const auto& group : from.groups) {
        json one{{of_time ? "from" : name_of(from.by), group.name}};
        one.update(view_of(group.all));
        groups.push_back(std::move(one));
    }
    auto& steps = document["steps"] = json::object();
    for (const auto& [step, times] : from.steps)
        steps[step] = {{"median", value_of(times.quantile(0.5))},
                       {"p95", value_of(times.quantile(0.95))},
                       {"mean", value_of(times.mean())}};
    auto& failures = document["failures"] = json::array();
    for (const auto& one : from.failures)
        failures.push_back({{"code", one.code}, {"count", one.count}, {"refused", one.refused}});
    return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace fleetline::report
