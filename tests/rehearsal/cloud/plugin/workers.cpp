// SPDX-License-Identifier: Apache-2.0
#include "plugin/workers.hpp"

#include <csignal>
#include <utility>

namespace fleetline::rehearsal {

workers::workers(std::size_t threads) {
    // Signals are for the broker's own thread.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

workers::~workers() {
    {
        const std::lock_guard lock{mutex_};
        stopped_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
}

bool workers::run(std::function<void()> task, std::size_t limit) {
    {
        const std::lock_guard lock{mutex_};
        if (tasks_.size() >= limit) return false;
        tasks_.push_back(std::move(task));
    }
    changed_.notify_one();
    return true;
}

void workers::work() {
    std::unique_lock lock{mutex_};
    while (true) {
        changed_.wait(lock, [this] { return stopped_ || !tasks_.empty(); });
        if (stopped_) return;
        const std::function<void()> task = std::move(tasks_.front());
        tasks_.pop_front();
        lock.unlock();
        task();
        lock.lock();
    }
}

}  // namespace fleetline::rehearsal
