// SPDX-License-Identifier: Apache-2.0
// A few threads that do what would hold the broker up: signing, key making, hooks. Destruction waits for the
// tasks that have begun and forgets the others.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace fleetline::rehearsal {

class workers {
  public:
    explicit workers(std::size_t threads);
    ~workers();
    workers(const workers&) = delete;
    workers& operator=(const workers&) = delete;

    // False if `limit` tasks wait already: the task is not taken. Tasks must not throw.
    bool run(std::function<void()> task, std::size_t limit = 4096);

  private:
    void work();

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> tasks_;
    bool stopped_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace fleetline::rehearsal
