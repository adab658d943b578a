// SPDX-License-Identifier: Apache-2.0
#include "cloud_counters.hpp"

namespace fleetline::daemon {

api::cloud_counters cloud_counters(const cloud::session_counters& from) {
    const auto number = [](std::uint64_t count) { return static_cast<std::int64_t>(count); };
    api::cloud_counters to;
    to.connects = number(from.connects);
    to.connects_failed = number(from.connects_failed);
    to.losses = number(from.losses);
    for (const auto& [topic, lane] : from.lanes) {
        to.requests[topic] = {
            {"asked", number(lane.asked)},         {"asked-again", number(lane.asked_again)},
            {"accepted", number(lane.accepted)},   {"rejected", number(lane.rejected)},
            {"throttled", number(lane.throttled)}, {"timed-out", number(lane.timed_out)}};
        to.strays[topic] = {{"duplicate", number(lane.duplicate)},
                            {"late", number(lane.late)},
                            {"foreign", number(lane.foreign)},
                            {"broken", number(lane.broken)},
                            {"unattributed", number(lane.unattributed)}};
    }
    return to;
}

}  // namespace fleetline::daemon
