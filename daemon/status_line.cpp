// SPDX-License-Identifier: Apache-2.0
#include "status_line.hpp"

#include <algorithm>

#include "core/encoding.hpp"

namespace fleetline::daemon {

namespace {

std::string counted(std::int64_t number, const std::string& what) {
    return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
}

}  // namespace

std::string status_line(const station::station_status& now) {
    const auto at_work = std::count_if(now.slots.begin(), now.slots.end(), [](const auto& slot) {
        return slot.state == station::slot_state::working ||
               slot.state == station::slot_state::waiting_for_cloud;
    });
    std::string line = now.stopping ? "Stopping" : "Ready: " + counted(std::ssize(now.slots), "slot");
    if (at_work > 0) line += (now.stopping ? ": " : ", ") + counted(at_work, "board") + " at work";
    if (now.cloud.connected)
        line += "; cloud connected";
    else if (now.cloud.trouble.empty())
        line += "; cloud not connected yet";
    else
        line += "; cloud away: " + printable(now.cloud.trouble);
    if (!now.ledger_writable) line += "; the ledger cannot be written: " + printable(now.ledger_trouble);
    return line;
}

}  // namespace fleetline::daemon
