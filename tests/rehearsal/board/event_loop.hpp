// SPDX-License-Identifier: Apache-2.0
// The one loop every simulated board lives in: file descriptors (epoll), timers with nanosecond deadlines
// (one timerfd) and posted work. Everything runs on the thread that calls run(), except
// post_from_any_thread().
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

namespace fleetline::rehearsal_board {

class event_loop {
  public:
    using clock = std::chrono::steady_clock;
    using time_point = clock::time_point;
    using work = std::function<void()>;
    using fd_work = std::function<void(std::uint32_t events)>;

    // Names a pending timer; a default one names none.
    struct timer {
        time_point when{};
        std::uint64_t id = 0;
    };

    event_loop();
    ~event_loop();
    event_loop(const event_loop&) = delete;
    event_loop& operator=(const event_loop&) = delete;

    static time_point now() { return clock::now(); }

    timer at(time_point when, work what);
    timer after(clock::duration delay, work what) { return at(now() + delay, std::move(what)); }
    // Cancelling a timer that fired, or none, does nothing; the name is emptied.
    void cancel(timer& pending);

    void post(work what) { posted_.push_back(std::move(what)); }
    void post_from_any_thread(work what);

    // events: EPOLLIN and so on; 0 keeps the descriptor known but silent (errors and hang-ups still come).
    void watch(int fd, std::uint32_t events, fd_work what);
    void modify(int fd, std::uint32_t events);
    void unwatch(int fd);

    void run();
    void stop() { stopped_ = true; }

  private:
    struct watched {
        std::uint32_t generation;
        std::uint32_t events;
        std::shared_ptr<fd_work> what;
    };

    void run_posted();
    void run_timers();
    void arm();
    void drain_remote();

    int epoll_;
    int timer_fd_;
    int wake_fd_;
    bool stopped_ = false;
    std::uint64_t next_timer_ = 1;
    std::uint32_t next_generation_ = 1;
    time_point armed_for_ = time_point::max();
    std::map<std::pair<time_point, std::uint64_t>, work> timers_;
    std::unordered_map<int, watched> watched_;
    std::deque<work> posted_;
    std::mutex remote_mutex_;
    std::vector<work> remote_;
};

}  // namespace fleetline::rehearsal_board
