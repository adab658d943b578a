// SPDX-License-Identifier: Apache-2.0
// Looks up, for each request, which faults of the registry hit it, and counts them down. Broker's thread
// only.
#pragma once

#include <chrono>
#include <deque>
#include <unordered_map>

#include "core/faults.hpp"
#include "core/registry.hpp"

namespace fleetline::rehearsal {

class fault_desk {
  public:
    explicit fault_desk(registry& known) : registry_(known) {}
    fault_effects effects_on(const device_request& request);

  private:
    bool over_rate(std::int64_t fault, std::int64_t tps);

    registry& registry_;
    std::unordered_map<std::int64_t, fault_spec> parsed_;
    std::unordered_map<std::int64_t, std::deque<std::chrono::steady_clock::time_point>> recent_;
};

}  // namespace fleetline::rehearsal
