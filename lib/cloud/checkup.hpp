// SPDX-License-Identifier: Apache-2.0
// The way to the cloud, step by step, for `fleetline doctor`: claim, name, port, server, claim's welcome,
// session, answer topics, request topics (each asked for something that cannot succeed), client id. It
// changes nothing in the cloud. io_context thread; nothing blocks.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "cloud/claim.hpp"
#include "cloud/settings.hpp"
#include "core/logger.hpp"
#include "core/time_source.hpp"

namespace fleetline::cloud {

struct checkup_step {
    enum class state { good, doubtful, bad };
    std::string what;  ///< was looked at: "name", "answer topics" …
    state is = state::good;
    std::string code;  ///< failure code, if not good
    std::string text;  ///< what was found
};

struct checkup_wishes {
    /// False: the daemon holds the session; with a second client of its id it would be pushed out.
    bool sign_in = true;
    milliseconds limit{12'000};  ///< for everything together
    milliseconds stay{4'000};    ///< signed in so long at least: another client with this id comes back
};

/// Adds one step after the other to `steps`; the first that is bad ends the way.
boost::asio::awaitable<void> check_up(session_settings settings, time_source& time, const logger& log,
                                      checkup_wishes wishes, std::vector<checkup_step>& steps);

}  // namespace fleetline::cloud
