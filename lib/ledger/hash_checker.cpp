// SPDX-License-Identifier: Apache-2.0
#include "ledger/hash_checker.hpp"

#include <algorithm>
#include <utility>

#include "ledger/event_codec.hpp"

namespace fleetline::ledger {

namespace {

constexpr std::size_t block_size = std::size_t{256} * 1024;
constexpr std::size_t most_under_way = 6;

}  // namespace

hash_checker::hash_checker(std::function<void(const checked_event&)> then)
    : then_(std::move(then)), thread_([this] { check(); }) {}

hash_checker::~hash_checker() {
    {
        const std::lock_guard lock(mutex_);
        ended_ = true;
        waiting_.clear();
    }
    changed_.notify_all();
    thread_.join();
}

void hash_checker::add(const chained& what, std::int64_t station, std::string_view hash) {
    append_encoded(filling_.text, what);
    auto& next = filling_.entries.emplace_back();
    next.event.seq = what.seq;
    next.event.attempt = what.attempt;
    next.event.station = station;
    next.event.clock_synchronised = what.clock_synchronised;
    next.end = filling_.text.size();
    next.payload = next.end - what.payload.size();
    // Before the payload stand the kind, the attempt's number; the time is repeated behind it: it is short.
    next.recorded = next.end;
    next.recorded_size = what.recorded_at.size();
    filling_.text += what.recorded_at;
    next.kind = filling_.text.size();
    next.kind_size = what.kind.size();
    filling_.text += what.kind;
    // A hash of another length is wrong in any case; what is left zero cannot match.
    if (hash.size() == next.hash.size()) std::copy(hash.begin(), hash.end(), next.hash.begin());
    if (filling_.text.size() >= block_size) hand_over();
}

void hash_checker::hand_over() {
    {
        const std::lock_guard lock(mutex_);
        waiting_.push_back(std::exchange(filling_, {}));
    }
    ++under_way_;
    changed_.notify_all();
    take_back(false);
}

/// Without `all`, waits only while too much is under way.
void hash_checker::take_back(bool all) {
    while (under_way_ > 0) {
        block next;
        {
            std::unique_lock lock(mutex_);
            if (!all && under_way_ < most_under_way && done_.empty()) return;
            changed_.wait(lock, [this] { return !done_.empty(); });
            next = std::move(done_.front());
            done_.pop_front();
        }
        --under_way_;
        for (const auto& one : next.entries) then_(one.event);
    }
}

void hash_checker::finish() {
    if (!filling_.entries.empty()) hand_over();
    take_back(true);
}

void hash_checker::check() {
    chain_hasher hasher;
    while (true) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return ended_ || !waiting_.empty(); });
        if (waiting_.empty()) return;
        block next = std::move(waiting_.front());
        waiting_.pop_front();
        lock.unlock();
        check(next, hasher);
        lock.lock();
        done_.push_back(std::move(next));
        lock.unlock();
        changed_.notify_all();
    }
}

void hash_checker::check(block& what, chain_hasher& hasher) {
    const std::string_view text = what.text;
    std::size_t begin = 0;
    for (auto& one : what.entries) {
        one.event.hash_holds = hasher(text.substr(begin, one.end - begin)) == one.hash;
        one.event.recorded_at = text.substr(one.recorded, one.recorded_size);
        one.event.what = event_from(text.substr(one.kind, one.kind_size),
                                    text.substr(one.payload, one.end - one.payload), true);
        begin = one.kind + one.kind_size;
    }
}

}  // namespace fleetline::ledger
