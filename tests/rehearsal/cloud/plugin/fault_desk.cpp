// SPDX-License-Identifier: Apache-2.0
#include "plugin/fault_desk.hpp"

#include <nlohmann/json.hpp>

namespace fleetline::rehearsal {

bool fault_desk::over_rate(std::int64_t fault, std::int64_t tps) {
    const auto now = std::chrono::steady_clock::now();
    auto& recent = recent_[fault];
    while (!recent.empty() && now - recent.front() >= std::chrono::seconds{1}) recent.pop_front();
    if (static_cast<std::int64_t>(recent.size()) >= tps) return true;
    recent.push_back(now);
    return false;
}

fault_effects fault_desk::effects_on(const device_request& request) {
    fault_effects effects;
    std::optional<std::vector<std::string>> names;
    for (const fault_record& row : registry_.faults()) {
        if (row.remaining == 0) continue;
        auto [found, fresh] = parsed_.try_emplace(row.id);
        if (fresh) found->second = parse_fault(nlohmann::json::parse(row.spec));
        const fault_spec& fault = found->second;
        // Reading the request again costs a signature check, so only where a fault asks for a serial number.
        if (!fault.serial.empty() && !names) names = names_in(request);
        if (!concerns(fault, request, names.value_or(std::vector<std::string>{}))) continue;
        if (fault.kind == fault_kind::throttle && !over_rate(row.id, fault.tps)) continue;
        if (registry_.strike(row.id)) add(effects, fault);
    }
    return effects;
}

}  // namespace fleetline::rehearsal
