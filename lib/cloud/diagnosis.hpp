// SPDX-License-Identifier: Apache-2.0
// Why a connect failed, found out by doing it again by hand: name look-up, TCP, TLS, step by step, with the
// peer's certificate and alert in view. For the session and the check-up. io_context thread; nothing blocks.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>

#include "cloud/claim.hpp"
#include "cloud/settings.hpp"
#include "core/time_source.hpp"

namespace fleetline::cloud {

/// `reason`: the CONNACK code that was received, 0 or negative if it did not come to that; `said`: the MQTT
/// library's words, shown when nothing better is found.
boost::asio::awaitable<trouble> diagnose(const session_settings& settings, time_source& time, int reason,
                                         std::string said);

/// The broker's own word, where it gave one (CONNACK).
std::optional<trouble> connack_trouble(int reason, const session_settings& settings);

/// TLS went well and the session did not, without a word.
trouble mute_refusal(const session_settings& settings, const std::string& said);

}  // namespace fleetline::cloud
