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

hash_checker::hash_checker(std::function<void(const checked_event&)> then, bool on_own_threads)
    : then_(std::move(then)) {
    if (!on_own_threads) return;
    checks_ = std::thread([this] { check(); });
    hands_on_ = std::thread([this] { hand_on(); });
}

hash_checker::~hash_checker() {
    {
        const std::lock_guard lock(mutex_);
        ended_ = true;
    }
    changed_.notify_all();
    for (auto* each : {&checks_, &hands_on_})
        if (each->joinable()) each->join();
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
    if (!checks_.joinable()) {
        chain_hasher hasher;
        check(filling_, hasher);
        for (const auto& one : filling_.entries) then_(one.event);
        return filling_.clear();
    }
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return under_way_ < most_under_way || error_; });
    if (error_) std::rethrow_exception(error_);
    waiting_.push_back(std::move(filling_));
    ++under_way_;
    filling_ = {};
    if (!used_.empty()) {
        filling_ = std::move(used_.back());
        used_.pop_back();
    }
    lock.unlock();
    changed_.notify_all();
}

void hash_checker::finish() {
    if (!filling_.entries.empty()) hand_over();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return under_way_ == 0 || error_; });
    if (error_) std::rethrow_exception(error_);
}

void hash_checker::check() {
    chain_hasher hasher;
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait(lock, [this] { return ended_ || !waiting_.empty(); });
        if (ended_) return;
        block next = std::move(waiting_.front());
        waiting_.pop_front();
        lock.unlock();
        check(next, hasher);
        lock.lock();
        done_.push_back(std::move(next));
        changed_.notify_all();
    }
}

void hash_checker::hand_on() {
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait(lock, [this] { return ended_ || !done_.empty(); });
        if (ended_) return;
        block next = std::move(done_.front());
        done_.pop_front();
        lock.unlock();
        std::exception_ptr error;
        try {
            for (const auto& one : next.entries) then_(one.event);
        } catch (...) {
            error = std::current_exception();
        }
        next.clear();
        lock.lock();
        used_.push_back(std::move(next));
        --under_way_;
        error_ = error;
        changed_.notify_all();
        if (error) return;
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
