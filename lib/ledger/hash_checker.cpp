// SPDX-License-Identifier: Apache-2.0
#include "ledger/hash_checker.hpp"

#include <algorithm>
#include <utility>

namespace fleetline::ledger {

namespace {

constexpr std::size_t block_size = 512 * 1024;
constexpr std::size_t most_waiting = 4;
constexpr std::size_t most_wrong = 1000;

}  // namespace

hash_checker::hash_checker() : thread_([this] { check(); }) {}

hash_checker::~hash_checker() {
    if (thread_.joinable()) finish();
}

void hash_checker::add(const chained& what, std::string_view hash) {
    append_encoded(filling_.text, what);
    entry next;
    next.seq = what.seq;
    next.end = filling_.text.size();
    // A hash of another length is wrong in any case; what is left zero cannot match.
    if (hash.size() == next.hash.size()) std::copy(hash.begin(), hash.end(), next.hash.begin());
    filling_.entries.push_back(next);
    if (filling_.text.size() >= block_size) hand_over();
}

void hash_checker::hand_over() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_.size() < most_waiting; });
    waiting_.push_back(std::exchange(filling_, {}));
    lock.unlock();
    changed_.notify_all();
}

std::vector<std::int64_t> hash_checker::finish() {
    if (!filling_.entries.empty()) hand_over();
    {
        const std::lock_guard lock(mutex_);
        done_ = true;
    }
    changed_.notify_all();
    thread_.join();
    return std::exchange(wrong_, {});
}

void hash_checker::check() {
    chain_hasher hasher;
    while (true) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return done_ || !waiting_.empty(); });
        if (waiting_.empty()) return;
        const block next = std::move(waiting_.front());
        waiting_.pop_front();
        lock.unlock();
        changed_.notify_all();
        std::size_t begin = 0;
        for (const auto& one : next.entries) {
            const auto bytes = std::string_view(next.text).substr(begin, one.end - begin);
            if (hasher(bytes) != one.hash && wrong_.size() < most_wrong) wrong_.push_back(one.seq);
            begin = one.end;
        }
    }
}

}  // namespace fleetline::ledger
