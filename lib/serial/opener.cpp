// SPDX-License-Identifier: Apache-2.0
#include "serial/opener.hpp"

#include <boost/asio/this_coro.hpp>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "core/aside.hpp"
#include "core/failure.hpp"
#include "core/within.hpp"
#include "serial/tty.hpp"

namespace fleetline::serial {

namespace {

constexpr const char* opening = "Opening the port";
constexpr std::size_t most_at_one_tty = 3;  ///< one in the kernel, and what waits for it

}  // namespace

/// Who may touch which tty now, in the order of asking. Any thread.
class opener::turns {
  public:
    using ticket = std::uint64_t;

    ticket ask(const std::string& path) {
        const std::lock_guard guard(lock_);
        waiting_[path].push_back(++last_);
        return last_;
    }
    void wait(const std::string& path, ticket mine) {
        std::unique_lock guard(lock_);
        changed_.wait(guard, [&] { return waiting_[path].front() == mine; });
    }
    void leave(const std::string& path, ticket mine) {
        const std::lock_guard guard(lock_);
        auto& here = waiting_[path];
        std::erase(here, mine);
        if (here.empty()) waiting_.erase(path);
        changed_.notify_all();
    }
    std::size_t at(const std::string& path) {
        const std::lock_guard guard(lock_);
        const auto found = waiting_.find(path);
        return found == waiting_.end() ? 0 : found->second.size();
    }

  private:
    std::mutex lock_;
    std::condition_variable changed_;
    std::map<std::string, std::deque<ticket>> waiting_;
    ticket last_ = 0;
};

class opener::turn {
  public:
    turn(std::shared_ptr<turns> of, std::string path)
        : of_(std::move(of)), path_(std::move(path)), mine_(of_->ask(path_)) {}
    turn(turn&&) = default;
    turn& operator=(turn&&) = delete;
    ~turn() {
        if (of_) of_->leave(path_, mine_);
    }
    void wait() { of_->wait(path_, mine_); }
    const std::string& path() const { return path_; }

  private:
    std::shared_ptr<turns> of_;
    std::string path_;
    turns::ticket mine_;
};

/// What came of an opening. A tty that nobody takes is closed before it is the next one's turn.
struct opener::opened {
    explicit opened(turn my_turn) : until_closed(std::move(my_turn)) {}
    opened(const opened&) = delete;
    opened& operator=(const opened&) = delete;
    ~opened() {
        if (fd >= 0) close_tty(fd);
    }

    turn until_closed;
    int fd = -1;
    std::optional<failure> why_not;
};

opener::opener(time_source& time, milliseconds limit)
    : time_(time), limit_(limit), turns_(std::make_shared<turns>()) {}
opener::~opener() = default;

boost::asio::awaitable<port> opener::open(std::string path, port_settings settings) {
    const auto executor = co_await boost::asio::this_coro::executor;
    // Bounds the threads: with an adapter that never comes back, each retry would leave one more.
    if (turns_->at(path) >= most_at_one_tty)
        throw failure("port-failed", opening, path, "an earlier call has not come back yet");
    auto call = [mine = turn(turns_, path), settings]() mutable {
        mine.wait();
        auto result = std::make_unique<opened>(std::move(mine));
        try {
            result->fd = open_tty(result->until_closed.path(), settings);
        } catch (const failure& why) {
            result->why_not = why;
        }
        return result;
    };
    std::unique_ptr<opened> result;
    try {
        auto step = aside(std::move(call));
        auto in_time = co_await within(time_, limit_, std::move(step));
        if (in_time) result = std::move(*in_time);
    } catch (const std::system_error& no_thread) {
        throw failure("port-failed", opening, path, no_thread.what());
    }
    if (!result)
        throw failure("port-failed", opening, path,
                      "it takes longer than " + std::to_string(limit_.count() / 1000) + " seconds");
    if (result->why_not) throw failure(*result->why_not);

    auto close_later = [of = turns_, path](int fd) {
        try {
            std::thread([fd, mine = turn(of, path)]() mutable {
                mine.wait();
                close_tty(fd);
            }).detach();
        } catch (const std::system_error&) {  // no thread to be had: here, then
            close_tty(fd);
        }
    };
    co_return port(executor, std::move(path), settings, std::exchange(result->fd, -1),
                   std::move(close_later));
}

}  // namespace fleetline::serial
