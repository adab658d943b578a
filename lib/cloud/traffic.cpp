// SPDX-License-Identifier: Apache-2.0
#include "cloud/traffic.hpp"

#include <algorithm>

#include "cloud/certificate_lane.hpp"
#include "cloud/keys_lane.hpp"
#include "cloud/registration_lane.hpp"

namespace fleetline::cloud {

namespace {

// AWS drops the link right after a publish it does not allow, and says nothing.
constexpr milliseconds right_after{3'000};
constexpr int losses_that_tell = 2;
constexpr std::size_t largest_window = 64;

}  // namespace

traffic::traffic(session_settings settings, publish_function publish, station::issuer_observer& observer,
                 std::uint64_t seed, monotonic_time now)
    : settings_(std::move(settings)),
      publish_(std::move(publish)),
      dice_(seed),
      create_pace_(settings_.create),
      register_pace_(settings_.register_thing) {
    settings_.window = std::clamp<std::size_t>(settings_.window, 1, largest_window);
    tracks_.push_back(
        {std::make_unique<certificate_lane>(settings_, create_pace_, dice_, observer), &create_pace_});
    if (settings_.keys) {
        tracks_.push_back(
            {std::make_unique<keys_lane>(settings_, create_pace_, dice_, observer), &create_pace_});
    }
    for (const auto& name : settings_.templates) {
        if (find(register_topics(settings_.format, name).request) != nullptr) continue;
        tracks_.push_back(
            {std::make_unique<registration_lane>(settings_, name, register_pace_, dice_, observer, now),
             &register_pace_});
    }
    if (!settings_.earlier_life) return;
    for (auto& held : tracks_)
        held.lane->expect_strangers(now + settings_.request_timeout + settings_.late_answers);
}

const traffic::track* traffic::find(const std::string& request_topic) const {
    for (const auto& held : tracks_) {
        if (held.lane->topics().request == request_topic) return &held;
    }
    return nullptr;
}

std::vector<std::string> traffic::answer_topics() const {
    std::vector<std::string> topics;
    for (const auto& held : tracks_) {
        topics.push_back(held.lane->topics().accepted);
        topics.push_back(held.lane->topics().rejected);
    }
    return topics;
}

void traffic::prepare(call& asked, station::request_patience patience, monotonic_time now) {
    asked.id = ++last_id_;
    asked.times.queued = now;
    asked.patience = patience > milliseconds{0} ? patience : settings_.patience;
    asked.patience_end = now + asked.patience;
}

std::uint64_t traffic::add(std::unique_ptr<certificate_call> asked, monotonic_time now) {
    prepare(*asked, asked->request.patience, now);
    tracks_.front().lane->add(std::move(asked));
    return last_id_;
}

std::optional<std::uint64_t> traffic::add(std::unique_ptr<registration_call> asked, monotonic_time now) {
    const auto* held = find(register_topics(settings_.format, asked->request.template_name).request);
    if (held == nullptr) return std::nullopt;
    prepare(*asked, asked->request.patience, now);
    const auto& told_by = asked->request;
    asked->exclusive = told_by.certificate_echo_key.empty() && told_by.serial_echo_key.empty() &&
                       told_by.expected_thing.empty();
    held->lane->add(std::move(asked));
    return last_id_;
}

std::optional<std::uint64_t> traffic::add(std::unique_ptr<keys_call> asked, monotonic_time now) {
    const auto* held = find(keys_topics(settings_.format).request);
    if (held == nullptr) return std::nullopt;
    prepare(*asked, asked->request.patience, now);
    held->lane->add(std::move(asked));
    return last_id_;
}

monotonic_time traffic::registrable_from(const station::registration_request& request) const {
    const auto* held = find(register_topics(settings_.format, request.template_name).request);
    return held == nullptr ? monotonic_time{} : held->lane->sendable_from(request);
}

void traffic::withdraw(std::uint64_t id, monotonic_time now) {
    for (auto& held : tracks_) held.lane->withdraw(id, now);
}

void traffic::link_up(std::size_t most_in_flight) {
    up_ = true;
    held_back_ = false;
    window_ = std::clamp<std::size_t>(most_in_flight, 1, settings_.window);
    set_trouble({}, {});
}

void traffic::link_lost(monotonic_time now) {
    up_ = false;
    for (auto& held : tracks_) {
        if (held.lane->unacknowledged_since(now - right_after)) ++held.losses;
        held.lane->link_lost(now);
    }
    for (auto& held : tracks_) {
        if (held.losses >= losses_that_tell) deny(held);
    }
}

void traffic::deny(track& held) {
    denied_topic_ = held.lane->topics().request;
    held.losses = losses_that_tell - 1;  // the next request gets one try
    held.lane->fail_all("cloud-policy-denies",
                        "the claim's policy does not allow publishing to " + denied_topic_);
}

void traffic::denied(std::uint64_t ticket, monotonic_time now) {
    for (auto& held : tracks_) {
        if (held.lane->acknowledged(ticket, now)) deny(held);
    }
}

void traffic::link_failed() {
    for (auto& held : tracks_) held.losses = 0;
}

void traffic::set_trouble(std::string code, std::string text) {
    trouble_code_ = std::move(code);
    trouble_ = std::move(text);
}

void traffic::message(std::string_view topic, std::string_view payload, monotonic_time now, utc_time utc) {
    for (auto& held : tracks_) held.lane->message(topic, payload, now, utc);
}

void traffic::acknowledged(std::uint64_t ticket, monotonic_time now) {
    for (auto& held : tracks_) {
        if (!held.lane->acknowledged(ticket, now)) continue;
        held.losses = 0;
        if (denied_topic_ == held.lane->topics().request) denied_topic_.clear();
    }
}

void traffic::not_sent(std::uint64_t ticket, monotonic_time now) {
    for (auto& held : tracks_) held.lane->not_sent(ticket, now);
}

bool traffic::probing() const {
    return std::any_of(tracks_.begin(), tracks_.end(), [](const auto& held) { return held.losses > 0; });
}

traffic::track* traffic::next_track(monotonic_time now, call*& asked) {
    track* best = nullptr;
    asked = nullptr;
    for (auto& held : tracks_) {
        auto* candidate = held.lane->next(now);
        if (candidate == nullptr || !held.speed->ready(now)) continue;
        if (best != nullptr && asked->times.queued <= candidate->times.queued) continue;
        best = &held;
        asked = candidate;
    }
    return best;
}

void traffic::pump(monotonic_time now) {
    for (auto& held : tracks_) held.lane->tick(now, trouble_code_, trouble_);
    while (up_ && !held_back_) {
        // After a loss that may be a policy's, one at a time tells which topic it is.
        if (in_flight() >= (probing() ? 1 : window_)) return;
        call* asked = nullptr;
        auto* held = next_track(now, asked);
        if (held == nullptr) return;
        held->speed->take(now);
        held->lane->sent(*asked, ++last_ticket_, now);
        publish_(held->lane->topics().request, asked->payload(), last_ticket_);
    }
}

std::optional<monotonic_time> traffic::wake(monotonic_time now) {
    std::optional<monotonic_time> earliest;
    const auto at = [&](std::optional<monotonic_time> when) {
        if (when && *when > now && (!earliest || *when < *earliest)) earliest = when;
    };
    for (auto& held : tracks_) {
        at(held.lane->wake(now));
        if (up_ && !held_back_ && held.lane->next(now) != nullptr) at(held.speed->next(now));
    }
    return earliest;
}

std::optional<monotonic_time> traffic::first_unacknowledged() const {
    std::optional<monotonic_time> first;
    for (const auto& held : tracks_) {
        const auto its = held.lane->first_unacknowledged();
        if (its && (!first || *its < *first)) first = its;
    }
    return first;
}

std::size_t traffic::in_flight() const {
    std::size_t sum = 0;
    for (const auto& held : tracks_) sum += held.lane->in_flight();
    return sum;
}

std::size_t traffic::queued() const {
    std::size_t sum = 0;
    for (const auto& held : tracks_) sum += held.lane->queued();
    return sum;
}

std::map<std::string, lane_counters> traffic::counters() const {
    std::map<std::string, lane_counters> all;
    for (const auto& held : tracks_) all.emplace(held.lane->topics().request, held.lane->counters());
    return all;
}

}  // namespace fleetline::cloud
