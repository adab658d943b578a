// SPDX-License-Identifier: Apache-2.0
// A board that does what the test says, behind the station's `board` interface: its flash outlives
// unplugging, and any step can fail, hang, or be told to a hook before it happens.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "station/board.hpp"
#include "station/slot.hpp"

namespace fleetline::test {

/// What stays in the board when it is unplugged, and the test's wishes.
struct scripted_flash {
    std::string serial;  ///< of its USB
    std::string tells;   ///< the serial number it tells over the console; empty: it cannot
    secret private_key;
    std::string common_name;
    std::string certificate_der;
    std::string thing;
    bool makes_keys = true;  ///< false: the cloud makes them
    int keys_made = 0;
    int deliveries = 0;
    int resets = 0;
    bool restarting = false;  ///< it was reset, and has not come up again

    std::map<std::string, std::string> fails;        ///< step -> failure code: throws once
    std::function<void(const std::string&)> before;  ///< called with the step's name before it happens
    std::function<void(const std::string&)> after;  ///< and after it happened, before the station hears of it
};

std::unique_ptr<station::board> scripted_board(std::shared_ptr<scripted_flash> flash);
station::plug plug_of(std::shared_ptr<scripted_flash> flash);

}  // namespace fleetline::test
