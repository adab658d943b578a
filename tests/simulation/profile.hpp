// SPDX-License-Identifier: Apache-2.0
// What kind of day a seed has: how many slots and boards, and what goes wrong how often (per mille).
#pragma once

#include <cstdint>

#include "core/time.hpp"
#include "dice.hpp"

namespace fleetline::simulation {

struct profile {
    int slots = 1;
    int boards = 1;
    int clones = 0;         ///< boards that say the serial number of another
    int acts = 1;           ///< of operators, boards, cloud and machine before all faults end
    milliseconds pause{0};  ///< between two acts, at most

    // The station's settings.
    bool expected_thing = false;    ///< the product states its thing names
    bool echo = false;              ///< the template repeats the serial
    bool certificate_echo = false;  ///< and the certificate's id
    bool order_required = false;
    milliseconds token_lifetime{3'600'000};
    milliseconds patience{300'000};
    int failures_allowed = 0;
    std::size_t window = 16;

    // The disk.
    milliseconds write_time{0};  ///< of a group, at most
    milliseconds hears_late{0};  ///< the station of what the ledger answers; at most
    int disk_faults = 0;         ///< weight among the acts
    int crashes = 0;             ///< per mille of the station's lives
    int power_cuts = 0;          ///< per mille of the crashes

    // The cloud; each per mille of the messages.
    milliseconds cloud_time{0};
    int request_lost = 0;
    int answer_lost = 0;
    int answer_twice = 0;
    int answer_late = 0;
    int answer_garbled = 0;
    int rejected = 0;
    int throttled = 0;
    int foreign = 0;
    bool token_once = false;  ///< refused when it has been used
    int link_cuts = 0;        ///< weight among the acts

    // The boards; per mille of the steps.
    milliseconds board_time{0};
    int step_fails = 0;
    int step_hangs = 0;
    int answer_wrong = 0;
    int restarts = 0;

    // The operators: weights among the acts.
    int unplugs = 0;
    int retries = 0;
    int reworks = 0;
    int orders = 0;
    int wipes = 0;
    int stops = 0;
};

profile profile_of(dice& chance);

}  // namespace fleetline::simulation
