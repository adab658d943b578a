// SPDX-License-Identifier: Apache-2.0
// A real pseudo-terminal for tests: the port under test opens its path, the test holds the other end.
#pragma once

#include <fcntl.h>
#include <pty.h>
#include <termios.h>
#include <unistd.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "core/failure.hpp"

namespace fleetline::test {

class pty {
  public:
    explicit pty(const boost::asio::any_io_executor& executor) : master_(executor) {
        int master = -1;
        int slave = -1;
        char name[128];
        termios raw{};
        cfmakeraw(&raw);
        if (openpty(&master, &slave, name, &raw, nullptr) != 0) throw std::runtime_error("openpty failed");
        fcntl(master, F_SETFL, O_NONBLOCK);
        fcntl(master, F_SETFD, FD_CLOEXEC);
        master_.assign(master);
        path_ = name;
        // Held so that the master does not see a hang-up before the port opens, nor after it closed.
        slave_ = slave;
    }
    ~pty() {
        if (slave_ >= 0) ::close(slave_);
    }
    pty(const pty&) = delete;
    pty& operator=(const pty&) = delete;

    const std::string& path() const { return path_; }
    boost::asio::posix::stream_descriptor& master() { return master_; }

    boost::asio::awaitable<void> write(std::string bytes) {
        co_await boost::asio::async_write(master_, boost::asio::buffer(bytes), boost::asio::use_awaitable);
    }

    boost::asio::awaitable<std::string> read() {
        char room[4096];
        const auto count =
            co_await master_.async_read_some(boost::asio::buffer(room), boost::asio::use_awaitable);
        co_return std::string(room, count);
    }

    /// Pulls the plug.
    void unplug() {
        boost::system::error_code ignored;
        master_.close(ignored);
    }

  private:
    boost::asio::posix::stream_descriptor master_;
    std::string path_;
    int slave_ = -1;
};

/// Runs the coroutine to its end (at most `limit`) and answers its value or throws what it threw.
template <class T>
T run(boost::asio::io_context& context, boost::asio::awaitable<T> what,
      std::chrono::seconds limit = std::chrono::seconds{20}) {
    std::optional<T> value;
    std::exception_ptr error;
    bool done = false;
    boost::asio::co_spawn(context, std::move(what), [&](std::exception_ptr thrown, T answer) {
        error = thrown;
        if (!thrown) value.emplace(std::move(answer));
        done = true;
        context.stop();
    });
    context.restart();
    context.run_for(limit);
    if (!done) throw std::runtime_error("the coroutine did not end in time");
    if (error) std::rethrow_exception(error);
    return std::move(*value);
}

inline void run(boost::asio::io_context& context, boost::asio::awaitable<void> what,
                std::chrono::seconds limit = std::chrono::seconds{20}) {
    std::exception_ptr error;
    bool done = false;
    boost::asio::co_spawn(context, std::move(what), [&](std::exception_ptr thrown) {
        error = thrown;
        done = true;
        context.stop();
    });
    context.restart();
    context.run_for(limit);
    if (!done) throw std::runtime_error("the coroutine did not end in time");
    if (error) std::rethrow_exception(error);
}

/// The code of the failure the coroutine ends with; "" if it ends well.
template <class T>
std::string code_of(boost::asio::io_context& context, boost::asio::awaitable<T> what) {
    try {
        run(context, std::move(what));
    } catch (const failure& error) {
        return error.code();
    }
    return "";
}

}  // namespace fleetline::test
