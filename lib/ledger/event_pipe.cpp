// SPDX-License-Identifier: Apache-2.0
#include "ledger/event_pipe.hpp"

#include <utility>

namespace fleetline::ledger {

namespace {

constexpr std::size_t block_size = std::size_t{256} * 1024;
constexpr std::size_t most_under_way = 4;

}  // namespace

event_pipe::event_pipe(std::function<void(const read_event&)> then, bool on_own_thread)
    : then_(std::move(then)) {
    if (on_own_thread) worker_ = std::thread([this] { work(); });
}

event_pipe::~event_pipe() {
    {
        const std::lock_guard lock(mutex_);
        ended_ = true;
    }
    changed_.notify_all();
    if (worker_.joinable()) worker_.join();
}

void event_pipe::add(read_event what) {
    if (!worker_.joinable()) return then_(what);
    for (const auto* text : what.texts()) filling_.text += *text;
    filling_.events.push_back(what);
    if (filling_.text.size() >= block_size) hand_over();
}

void event_pipe::hand_over() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return under_way_ < most_under_way || error_; });
    if (error_) std::rethrow_exception(error_);
    is_behind_ = under_way_ > 1;
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

void event_pipe::finish() {
    if (!filling_.events.empty()) hand_over();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return under_way_ == 0 || error_; });
    if (error_) std::rethrow_exception(error_);
}

void event_pipe::work() {
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait(lock, [this] { return ended_ || !waiting_.empty(); });
        if (ended_) return;
        block next = std::move(waiting_.front());
        waiting_.pop_front();
        lock.unlock();
        std::exception_ptr error;
        try {
            hand_on(next);
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

void event_pipe::hand_on(const block& what) const {
    std::string_view left = what.text;
    for (auto one : what.events) {
        for (auto* text : one.texts()) {
            *text = left.substr(0, text->size());
            left.remove_prefix(text->size());
        }
        then_(one);
    }
}

}  // namespace fleetline::ledger
