// SPDX-License-Identifier: Apache-2.0
#include "api/live_feed.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

#include "api/json_views.hpp"

namespace fleetline::api {

namespace {

/// Pages show how long ago things were by the station's clock, not their own.
std::string now_text() {
    return to_rfc3339(std::chrono::floor<milliseconds>(std::chrono::system_clock::now()));
}

}  // namespace

live_feed::subscription::subscription(live_feed& feed, std::function<void()> wake)
    : feed_(feed), wake_(std::move(wake)) {
    feed_.pages_.insert(this);
}

live_feed::subscription::~subscription() {
    feed_.pages_.erase(this);
}

live_feed::message live_feed::subscription::next() {
    if (waiting_.empty()) return nullptr;
    auto front = std::move(waiting_.front());
    waiting_.pop_front();
    return front;
}

void live_feed::subscription::push(message what) {
    if (too_slow_) return;
    if (waiting_.size() >= feed_.limit_.live_backlog) {
        too_slow_ = true;
        waiting_.clear();
        ++feed_.dropped_;
    } else {
        waiting_.push_back(std::move(what));
    }
    wake_();
}

live_feed::live_feed(limits limit, std::string epoch) : limit_(limit), epoch_(std::move(epoch)) {}

void live_feed::publish(station::station_status now) {
    json change;
    change["type"] = "change";
    change["seq"] = number_ + 1;
    const bool same_slots = last_ && last_->slots.size() == now.slots.size();
    json slots = json::array();
    for (std::size_t i = 0; i < now.slots.size(); ++i)
        if (!same_slots || now.slots[i] != last_->slots[i]) slots.push_back(view_of(now.slots[i]));
    auto station = station_view_of(now);
    auto station_text = text_of(station);
    const bool station_changed = station_text != last_station_;
    const bool first = !last_;
    last_ = std::move(now);
    if (!station_changed && slots.empty() && !first) return;
    last_station_ = std::move(station_text);
    ++number_;
    if (first) return;
    if (station_changed) change["station"] = std::move(station);
    if (!slots.empty()) change["slots"] = std::move(slots);
    auto text = std::make_shared<const std::string>(text_of(change));
    keep(text);
    for (auto* page : pages_) page->push(text);
}

void live_feed::keep(message text) {
    history_bytes_ += text->size();
    history_.push_back({number_, std::move(text)});
    while (history_.size() > limit_.live_history || history_bytes_ > limit_.live_history_bytes) {
        history_bytes_ -= history_.front().text->size();
        history_.pop_front();
    }
}

live_feed::message live_feed::snapshot() const {
    if (!last_) return nullptr;
    json whole;
    whole["type"] = "snapshot";
    whole["epoch"] = epoch_;
    whole["seq"] = number_;
    whole["now"] = now_text();
    whole["status"] = view_of(*last_);
    return std::make_shared<const std::string>(text_of(whole));
}

live_feed::queues live_feed::backlog() const {
    queues now;
    for (const auto* page : pages_) {
        now.all += page->waiting_.size();
        now.longest = std::max(now.longest, page->waiting_.size());
    }
    return now;
}

std::optional<std::uint64_t> live_feed::resumable(std::string_view resume) const {
    const auto dash = resume.rfind('-');
    if (dash == std::string_view::npos || resume.substr(0, dash) != epoch_) return std::nullopt;
    const auto digits = resume.substr(dash + 1);
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc{} || end != digits.data() + digits.size() || number > number_) return std::nullopt;
    if (number == number_) return number;
    // More than the queue takes is a new snapshot: it is shorter, too.
    if (history_.empty() || history_.front().number > number + 1 || number_ - number >= limit_.live_backlog)
        return std::nullopt;
    return number;
}

void live_feed::start(subscription& page, std::string_view resume) {
    const auto seen = resumable(resume);
    if (!seen) {
        if (auto whole = snapshot()) page.push(std::move(whole));
        return;
    }
    json resumed;
    resumed["type"] = "resumed";
    resumed["epoch"] = epoch_;
    resumed["seq"] = *seen;
    resumed["now"] = now_text();
    page.push(std::make_shared<const std::string>(text_of(resumed)));
    for (const auto& [number, text] : history_)
        if (number > *seen) page.push(text);
}

}  // namespace fleetline::api
