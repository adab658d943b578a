// SPDX-License-Identifier: Apache-2.0
// What is on the wire of the shared session: the lanes, our window over all of them, a pace for each call,
// longest-waiting first, and what a lost link says about the topic that was published to last. Knows nothing
// of MQTT or timers: publishes go out through a function, messages and the time come in, so that it also runs
// in virtual time. Owned by the session, on the io_context thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "cloud/call.hpp"
#include "cloud/lane.hpp"
#include "cloud/pace.hpp"
#include "cloud/settings.hpp"
#include "station/issuer.hpp"

namespace fleetline::cloud {

class traffic {
  public:
    /// Hands one message to the link; what becomes of it is told by acknowledged() or not_sent().
    using publish_function =
        std::function<void(const std::string& topic, std::string_view payload, std::uint64_t ticket)>;

    traffic(session_settings settings, publish_function publish, station::issuer_observer& observer,
            std::uint64_t seed, monotonic_time now);

    /// All topics answers come on.
    std::vector<std::string> answer_topics() const;

    /// Answers the id to withdraw it by. `registration_call`: false if no such template is configured.
    std::uint64_t add(std::unique_ptr<certificate_call> asked, monotonic_time now);
    std::optional<std::uint64_t> add(std::unique_ptr<registration_call> asked, monotonic_time now);
    /// nullopt if keys are not configured.
    std::optional<std::uint64_t> add(std::unique_ptr<keys_call> asked, monotonic_time now);
    void withdraw(std::uint64_t id, monotonic_time now);
    /// As station::issuer has it.
    monotonic_time registrable_from(const station::registration_request& request) const;

    void link_up(std::size_t most_in_flight);
    void link_lost(monotonic_time now);
    /// Sends nothing new, so that the session can be renewed when what is in flight has been answered; until
    /// the next link_up().
    void hold(bool back) { held_back_ = back; }
    bool held_back() const { return held_back_; }
    /// A connect failed: losses were the cloud's or the network's, not a policy's.
    void link_failed();
    /// Why there is no link, for requests whose patience ends meanwhile; empty: there is one.
    void set_trouble(std::string code, std::string text);

    void message(std::string_view topic, std::string_view payload, monotonic_time now, utc_time utc);
    void acknowledged(std::uint64_t ticket, monotonic_time now);
    void not_sent(std::uint64_t ticket, monotonic_time now);
    /// MQTT 5: the broker does not allow this topic.
    void denied(std::uint64_t ticket, monotonic_time now);

    /// Does what is due; call it after each of the above, and when wake() has come.
    void pump(monotonic_time now);
    std::optional<monotonic_time> wake(monotonic_time now);

    /// The topic that the link was lost over twice, if there is one now.
    const std::string& denied_topic() const { return denied_topic_; }

    /// When the first of those was published that the broker has not acknowledged; nullopt: there is none.
    std::optional<monotonic_time> first_unacknowledged() const;

    /// Whether something had just been published when the link was lost last.
    bool lost_after_publish() const { return probing(); }

    std::size_t in_flight() const;
    std::size_t queued() const;

    /// By request topic.
    std::map<std::string, lane_counters> counters() const;

  private:
    struct track {
        std::unique_ptr<fleetline::cloud::lane> lane;
        pace* speed;
        int losses = 0;  ///< of the link in a row, right after a publish to this lane
    };

    void deny(track& held);
    void prepare(call& asked, station::request_patience patience, monotonic_time now);
    const track* find(const std::string& request_topic) const;
    track* next_track(monotonic_time now, call*& asked);
    bool probing() const;

    session_settings settings_;
    publish_function publish_;
    std::mt19937_64 dice_;
    pace create_pace_;
    pace register_pace_;
    std::vector<track> tracks_;
    bool up_ = false;
    bool held_back_ = false;
    std::size_t window_ = 1;
    std::uint64_t last_id_ = 0;
    std::uint64_t last_ticket_ = 0;
    std::string trouble_code_;
    std::string trouble_;
    std::string denied_topic_;
};

}  // namespace fleetline::cloud
