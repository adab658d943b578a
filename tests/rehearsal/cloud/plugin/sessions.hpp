// SPDX-License-Identifier: Apache-2.0
// The connections the broker has, as far as the cloud must know them. Broker's thread only. Keyed by the
// broker's own handle; the generation tells a session from an earlier one with the same client id.
#pragma once

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <unordered_map>

#include "plugin/access.hpp"

struct mosquitto;

namespace fleetline::rehearsal {

struct session {
    principal who;
    std::string address;
    std::string session_id;  // of the presence events
    std::uint64_t generation = 0;
    bool open = true;
    bool persistent = false;
    std::string closed_because;  // why we closed it; empty: the client went, or the line did
    std::set<std::string> filters;
    std::int64_t burst_turn = -1;  // the broker's loop turn of the last SUBSCRIBE filter
    std::int64_t burst_filters = 0;
    std::chrono::steady_clock::time_point second_began;
    std::int64_t messages_this_second = 0;
};

class sessions {
  public:
    session& add(const mosquitto* handle, principal who);
    session* find(const mosquitto* handle);
    // The open session of that client id, if it is still that generation.
    session* current(const std::string& client_id, std::uint64_t generation);
    // Marks it closed; its record stays until forget_closed(), because the broker asks about its last will
    // after this.
    session* close(const mosquitto* handle);
    void forget_closed();
    std::unordered_map<const mosquitto*, session>& all() { return by_handle_; }

  private:
    std::unordered_map<const mosquitto*, session> by_handle_;
    std::unordered_map<std::string, const mosquitto*> by_client_;
    std::uint64_t last_generation_ = 0;
    bool any_closed_ = false;
};

}  // namespace fleetline::rehearsal
