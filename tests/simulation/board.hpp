// SPDX-License-Identifier: Apache-2.0
// A board whose flash outlives plugs and power cuts, and whose steps take time, fail, hang, answer wrongly or
// are cut off in the middle, as the profile says.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "keys.hpp"
#include "profile.hpp"
#include "station/slot.hpp"
#include "story.hpp"
#include "witness.hpp"

namespace fleetline::simulation {

struct flash {
    std::string name;  ///< in the story; clones say one serial
    std::string serial;
    std::string public_key;
    std::string certificate;  ///< id
    std::string thing;
    std::string slot;    ///< where it sits; empty: on the table
    bool wiped = false;  ///< since it last proved what it holds; a slow ledger may show that pass later
};

/// What boards share. Outlives them.
struct bench {
    const profile& day;
    dice& chance;
    agenda& time;
    story& told;
    witness& watching;
    keys& made;
    bool faults = true;
    std::function<std::string(const std::string& slot)> attempt_in;  ///< the one under way there
    std::function<void(const flash&, const std::string& certificate)> on_delivery;
    std::map<std::string, std::shared_ptr<flash>> worked_on;  ///< the last one, by attempt
};

station::plug plug_of(bench& where, const std::shared_ptr<flash>& board, const std::string& slot);

}  // namespace fleetline::simulation
