// SPDX-License-Identifier: Apache-2.0
#include "profile.hpp"

namespace fleetline::simulation {

profile profile_of(dice& chance) {
    profile p;
    // Half of the days have few boards, so that the same ones meet again; some days one kind of trouble
    // alone.
    p.slots = 1 + static_cast<int>(chance.below(4));
    p.boards = 1 + static_cast<int>(chance.below(chance.chance(500) ? 3 : 6));
    if (chance.chance(100)) p.clones = 1;
    p.acts = 4 + static_cast<int>(chance.below(36));
    p.pause = milliseconds{100 << chance.below(9)};
    p.expected_thing = chance.chance(500);
    p.echo = chance.chance(500);
    p.certificate_echo = p.acts % 2 == 0;  // no draw of its own: seeds stay the days they were
    p.order_required = chance.chance(300);
    if (chance.chance(250)) p.token_lifetime = milliseconds{5'000 << chance.below(5)};
    if (chance.chance(300)) p.patience = milliseconds{2'000 << chance.below(6)};
    if (chance.chance(150)) p.failures_allowed = 1 + static_cast<int>(chance.below(3));
    p.window = chance.chance(300) ? 1 + static_cast<std::size_t>(chance.below(3)) : 16;

    p.write_time = milliseconds{1 << chance.below(9)};
    p.cloud_time = milliseconds{20 << chance.below(6)};
    p.board_time = milliseconds{10 << chance.below(8)};
    if (p.slots > 1 && p.acts % 3 != 0) p.hears_late = p.board_time;  // no draw of its own either
    const auto often = [&chance](int at_most, int per_mille) {
        return chance.chance(per_mille) ? 1 + static_cast<int>(chance.below(at_most)) : 0;
    };
    if (chance.chance(600)) {
        p.request_lost = often(200, 500);
        p.answer_lost = often(300, 500);
        p.answer_twice = often(300, 500);
        p.answer_late = often(300, 500);
        p.answer_garbled = often(100, 250);
        p.rejected = often(200, 400);
        p.throttled = often(300, 300);
        p.foreign = often(50, 150);
        p.link_cuts = often(6, 500);
    }
    p.token_once = chance.chance(400);
    if (chance.chance(600)) {
        p.step_fails = often(150, 500);
        p.step_hangs = often(60, 400);
        p.answer_wrong = often(150, 400);
        p.restarts = often(60, 400);
    }
    if (chance.chance(650)) {
        p.crashes = chance.chance(500) ? 950 : 400;
        p.power_cuts = chance.chance(500) ? 500 : 0;
    }
    if (chance.chance(250)) p.disk_faults = 1 + static_cast<int>(chance.below(3));
    p.unplugs = 2 + static_cast<int>(chance.below(6));
    p.retries = static_cast<int>(chance.below(4));
    p.reworks = often(3, 500);
    p.orders = often(3, 400);
    p.wipes = often(2, 300);
    p.stops = often(2, 300);
    return p;
}

}  // namespace fleetline::simulation
