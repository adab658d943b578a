// SPDX-License-Identifier: Apache-2.0
#include "event_loop.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace fleetline::rehearsal_board {

namespace {

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

std::uint64_t tag(int fd, std::uint32_t generation) {
    return (static_cast<std::uint64_t>(generation) << 32) | static_cast<std::uint32_t>(fd);
}

}  // namespace

event_loop::event_loop()
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      timer_fd_(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)),
      wake_fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (epoll_ < 0 || timer_fd_ < 0 || wake_fd_ < 0) fail("event loop");
    watch(timer_fd_, EPOLLIN, [this](std::uint32_t) {
        std::uint64_t expirations = 0;
        (void)!::read(timer_fd_, &expirations, sizeof expirations);
        armed_for_ = time_point::max();
    });
    watch(wake_fd_, EPOLLIN, [this](std::uint32_t) { drain_remote(); });
}

event_loop::~event_loop() {
    ::close(wake_fd_);
    ::close(timer_fd_);
    ::close(epoll_);
}

event_loop::timer event_loop::at(time_point when, work what) {
    timer name{when, next_timer_++};
    timers_.emplace(std::make_pair(when, name.id), std::move(what));
    return name;
}

void event_loop::cancel(timer& pending) {
    if (pending.id != 0) timers_.erase({pending.when, pending.id});
    pending = {};
}

void event_loop::post_from_any_thread(work what) {
    {
        const std::lock_guard lock(remote_mutex_);
        remote_.push_back(std::move(what));
    }
    const std::uint64_t one = 1;
    (void)!::write(wake_fd_, &one, sizeof one);
}

void event_loop::drain_remote() {
    std::uint64_t count = 0;
    (void)!::read(wake_fd_, &count, sizeof count);
    std::vector<work> arrived;
    {
        const std::lock_guard lock(remote_mutex_);
        arrived.swap(remote_);
    }
    for (auto& what : arrived) what();
}

void event_loop::watch(int fd, std::uint32_t events, fd_work what) {
    const auto generation = next_generation_++;
    epoll_event event{};
    event.events = events;
    event.data.u64 = tag(fd, generation);
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) fail("epoll_ctl");
    watched_[fd] = {generation, events, std::make_shared<fd_work>(std::move(what))};
}

void event_loop::modify(int fd, std::uint32_t events) {
    auto found = watched_.find(fd);
    if (found == watched_.end() || found->second.events == events) return;
    epoll_event event{};
    event.events = events;
    event.data.u64 = tag(fd, found->second.generation);
    if (::epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event) != 0) fail("epoll_ctl");
    found->second.events = events;
}

void event_loop::unwatch(int fd) {
    if (watched_.erase(fd) != 0) ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
}

void event_loop::run_posted() {
    while (!posted_.empty() && !stopped_) {
        auto what = std::move(posted_.front());
        posted_.pop_front();
        what();
    }
}

void event_loop::run_timers() {
    const auto limit = now();
    while (!timers_.empty() && timers_.begin()->first.first <= limit && !stopped_) {
        auto what = std::move(timers_.begin()->second);
        timers_.erase(timers_.begin());
        what();
        run_posted();
    }
}

void event_loop::arm() {
    const auto next = timers_.empty() ? time_point::max() : timers_.begin()->first.first;
    if (next == armed_for_) return;
    itimerspec spec{};
    if (next != time_point::max()) {
        const auto since = next.time_since_epoch();
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since);
        spec.it_value.tv_sec = seconds.count();
        spec.it_value.tv_nsec = std::chrono::nanoseconds(since - seconds).count();
    }
    ::timerfd_settime(timer_fd_, TFD_TIMER_ABSTIME, &spec, nullptr);
    armed_for_ = next;
}

void event_loop::run() {
    std::array<epoll_event, 64> events{};
    stopped_ = false;
    while (!stopped_) {
        run_posted();
        run_timers();
        if (stopped_) break;
        arm();
        const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
        if (count < 0 && errno != EINTR) fail("epoll_wait");
        for (int i = 0; i < count && !stopped_; ++i) {
            const auto& event = events.at(static_cast<std::size_t>(i));
            const int fd = static_cast<int>(event.data.u64 & 0xffffffffU);
            auto found = watched_.find(fd);
            // A handler before us in this batch may have closed the descriptor and another may have taken its
            // number.
            if (found == watched_.end() || tag(fd, found->second.generation) != event.data.u64) continue;
            const auto what = found->second.what;
            (*what)(event.events);
            run_posted();
        }
    }
}

}  // namespace fleetline::rehearsal_board
