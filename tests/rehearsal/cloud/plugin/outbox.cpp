// SPDX-License-Identifier: Apache-2.0
#include "plugin/outbox.hpp"

#include <algorithm>
#include <csignal>
#include <iterator>

namespace fleetline::rehearsal {
namespace {

// The signal may come just before epoll_wait and be lost; then it is sent again.
constexpr auto ring_interval = std::chrono::milliseconds{1};

void do_nothing(int) {}

}  // namespace

outbox::outbox() : broker_(pthread_self()) {
    struct sigaction action {};
    action.sa_handler = do_nothing;
    sigemptyset(&action.sa_mask);
    ::sigaction(SIGRTMIN, &action, nullptr);
    bell_ = std::thread([this] { ring_until_stopped(); });
}

outbox::~outbox() {
    {
        const std::lock_guard lock{mutex_};
        stopped_ = true;
    }
    changed_.notify_all();
    bell_.join();
}

void outbox::put(outgoing one) {
    {
        const std::lock_guard lock{mutex_};
        waiting_.push_back(std::move(one));
    }
    changed_.notify_all();
}

std::vector<outgoing> outbox::take_due() {
    const std::lock_guard lock{mutex_};
    const auto now = outgoing::clock::now();
    const auto later = std::stable_partition(waiting_.begin(), waiting_.end(),
                                             [&](const outgoing& one) { return one.due > now; });
    std::vector<outgoing> due{std::make_move_iterator(later), std::make_move_iterator(waiting_.end())};
    waiting_.erase(later, waiting_.end());
    std::stable_sort(due.begin(), due.end(),
                     [](const outgoing& a, const outgoing& b) { return a.due < b.due; });
    return due;
}

void outbox::ring_until_stopped() {
    std::unique_lock lock{mutex_};
    while (!stopped_) {
        if (waiting_.empty()) {
            changed_.wait(lock);
            continue;
        }
        const auto first =
            std::min_element(waiting_.begin(), waiting_.end(), [](const outgoing& a, const outgoing& b) {
                return a.due < b.due;
            })->due;
        if (first > outgoing::clock::now()) {
            changed_.wait_until(lock, first);
        } else {
            pthread_kill(broker_, SIGRTMIN);
            changed_.wait_for(lock, ring_interval);
        }
    }
}

}  // namespace fleetline::rehearsal
