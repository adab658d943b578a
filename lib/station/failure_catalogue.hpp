// SPDX-License-Identifier: Apache-2.0
// Every failure code there is, with what the operator reads and does. Codes are an interface: they are shown,
// recorded and scripted against, and never reused for another meaning. Plain constant data, any thread.
#pragma once

#include <span>
#include <string_view>

namespace fleetline::station {

struct failure_entry {
    std::string_view code;         ///< device-…, port-…, cloud-…, order-…, station-…: who must act
    std::string_view text;         ///< what happened, in the operator's words
    std::string_view next_action;  ///< what to do now
    bool retry_can_help;
};

std::span<const failure_entry> failure_catalogue();

/// An unknown code answers the entry of station-internal.
const failure_entry& failure_for(std::string_view code);

}  // namespace fleetline::station
