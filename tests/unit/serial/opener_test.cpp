// SPDX-License-Identifier: Apache-2.0
// Ports of a sick adapter: calls of the kernel that do not come back. No tty that blocks can be had without
// hardware, so the call is held up where the program leaves for the kernel; what comes after it is real.
#include "serial/opener.hpp"

#include <fcntl.h>
#include <linux/serial.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <cstdarg>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "unit/serial/pty.hpp"

using namespace fleetline;
using namespace std::chrono_literals;
using serial::opener;
using serial::port;
using test::pty;

namespace {

/// A call that does not come back until it is let go.
class held_call {
  public:
    /// `at_call` is done on the thread that makes the call.
    void hold(std::function<void()> at_call = {}) {
        const std::lock_guard guard(lock_);
        at_call_ = std::move(at_call);
        held_ = true;
        reached_ = in_vain_ = false;
    }
    void let_go() {
        const std::lock_guard guard(lock_);
        held_ = false;
        changed_.notify_all();
    }
    /// Where the call is made.
    void pass() {
        std::unique_lock guard(lock_);
        if (!held_) return;
        reached_ = true;
        if (at_call_) at_call_();
        changed_.notify_all();
        // Bounded, so that a test whose own thread got here fails, and does not hang.
        in_vain_ = !changed_.wait_for(guard, 10s, [this] { return !held_; });
    }
    void wait_until_reached() {
        std::unique_lock guard(lock_);
        if (!changed_.wait_for(guard, 10s, [this] { return reached_; }))
            throw std::runtime_error("the call was never made");
    }
    bool was_in_vain() {
        const std::lock_guard guard(lock_);
        return in_vain_;
    }

  private:
    std::mutex lock_;
    std::condition_variable changed_;
    bool held_ = false;
    bool reached_ = false;
    bool in_vain_ = false;
    std::function<void()> at_call_;
};

held_call setting_up;  ///< of a tty: TIOCGSERIAL
held_call flushing;    ///< of a tty that is closed

/// What the driver was told of DTR and RTS, which no pseudo terminal has.
using lines = std::vector<std::pair<unsigned long, int>>;
std::mutex modem_lock;
lines modem_lines;

}  // namespace

extern "C" int ioctl(int fd, unsigned long request, ...) noexcept {
    va_list rest;
    va_start(rest, request);
    void* argument = va_arg(rest, void*);
    va_end(rest);
    if (request == TIOCGSERIAL) setting_up.pass();
    if (request == TIOCMBIS || request == TIOCMBIC) {
        const std::lock_guard guard(modem_lock);
        modem_lines.emplace_back(request, *static_cast<int*>(argument));
    }
    return static_cast<int>(syscall(SYS_ioctl, fd, request, argument));
}

extern "C" int tcflush(int fd, int queue) noexcept {
    flushing.pass();
    return static_cast<int>(syscall(SYS_ioctl, fd, TCFLSH, queue));
}

namespace {

struct bench {
    boost::asio::io_context context;
    system_time_source time;
    pty line{context.get_executor()};

    bool is_free() const {
        try {
            boost::asio::io_context other;
            const port opened(other.get_executor(), line.path(), {});
        } catch (const failure& why) {
            return why.code() != "port-busy";
        }
        return true;
    }
};

boost::asio::awaitable<std::unique_ptr<port>> opened(opener& ports, std::string path) {
    auto made = co_await ports.open(std::move(path), {});
    co_return std::make_unique<port>(std::move(made));
}

boost::asio::awaitable<std::string> heard(opener& ports, pty& line, std::string said) {
    auto made = co_await ports.open(line.path(), {});
    co_await line.write(std::move(said));  // not before: closing the port drops what has come
    char room[64];
    const std::size_t count = co_await made.read_some(room);
    co_return std::string(room, count);
}

/// For an opener whose limit a busy machine may miss: "" when it opens at last, or why it never will.
std::string code_at_last(bench& b, opener& ports, const std::string& path) {
    std::string code = "port-failed";
    while (code == "port-failed") code = test::code_of(b.context, opened(ports, path));
    return code;
}

constexpr milliseconds soon{20};

}  // namespace

TEST_CASE("a port is opened, used, closed and opened again") {
    bench b;
    opener ports(b.time);
    for (const char* said : {"first", "second"}) {
        CHECK(test::run(b.context, heard(ports, b.line, said)) == said);
    }
}

TEST_CASE("why a port does not open is told as by the port itself") {
    bench b;
    opener ports(b.time);
    const port held(b.context.get_executor(), b.line.path(), {});
    CHECK(test::code_of(b.context, opened(ports, b.line.path())) == "port-busy");
    CHECK(test::code_of(b.context, opened(ports, "/dev/ttyUSB-none")) == "port-gone");
    CHECK(test::code_of(b.context, opened(ports, "/dev/null")) == "port-failed");
}

TEST_CASE("a port that does not open holds nobody up") {
    bench b;
    opener ports(b.time);
    // Were it opened on this thread, nobody would let it go.
    setting_up.hold([&b] { boost::asio::post(b.context, [] { setting_up.let_go(); }); });
    const auto made = test::run(b.context, opened(ports, b.line.path()));
    CHECK(made->path() == b.line.path());
    CHECK_FALSE(setting_up.was_in_vain());
}

TEST_CASE("a port that does not open in time has failed, and what opens later is closed") {
    bench b;
    opener hurried(b.time, soon);
    setting_up.hold();
    CHECK(test::code_of(b.context, opened(hurried, b.line.path())) == "port-failed");
    setting_up.wait_until_reached();
    CHECK_FALSE(b.is_free());
    // Two wait behind it; a third one would leave one more thread behind.
    CHECK(test::code_of(b.context, opened(hurried, b.line.path())) == "port-failed");
    CHECK(test::code_of(b.context, opened(hurried, b.line.path())) == "port-failed");
    std::string told;
    try {
        test::run(b.context, opened(hurried, b.line.path()));
    } catch (const failure& why) {
        told = why.reason();
    }
    CHECK(told == "an earlier call has not come back yet");

    setting_up.let_go();
    // Those that nobody waits for any more open and close one after the other.
    CHECK(code_at_last(b, hurried, b.line.path()).empty());
}

TEST_CASE("an opening that is cancelled leaves the port to the next") {
    bench b;
    opener ports(b.time);
    boost::asio::cancellation_signal unplugged;
    bool cancelled = false;
    setting_up.hold([&] {
        boost::asio::post(b.context, [&] { unplugged.emit(boost::asio::cancellation_type::terminal); });
    });
    boost::asio::co_spawn(
        b.context, opened(ports, b.line.path()),
        boost::asio::bind_cancellation_slot(
            unplugged.slot(), [&](std::exception_ptr why, const auto&) { cancelled = why != nullptr; }));
    b.context.run();
    CHECK(cancelled);
    CHECK_FALSE(setting_up.was_in_vain());
    setting_up.let_go();
    CHECK(test::code_of(b.context, opened(ports, b.line.path())).empty());
}

TEST_CASE("a port that does not close holds nobody up but the next opening of itself") {
    bench b;
    opener hurried(b.time, soon);
    std::unique_ptr<port> made;
    while (!made) {
        try {
            made = test::run(b.context, opened(hurried, b.line.path()));
        } catch (const failure& why) {
            REQUIRE(why.code() == "port-failed");  // too slow
        }
    }
    flushing.hold();
    made->close();
    flushing.wait_until_reached();
    // It waits for its turn, and is not told that the port is busy.
    CHECK(test::code_of(b.context, opened(hurried, b.line.path())) == "port-failed");
    flushing.let_go();
    CHECK(code_at_last(b, hurried, b.line.path()).empty());
    CHECK_FALSE(flushing.was_in_vain());
}

TEST_CASE("an opener may go before the calls it has made come back") {
    bench b;
    setting_up.hold();
    {
        opener hurried(b.time, soon);
        CHECK(test::code_of(b.context, opened(hurried, b.line.path())) == "port-failed");
        setting_up.wait_until_reached();
    }
    setting_up.let_go();
    while (!b.is_free()) std::this_thread::yield();
}

TEST_CASE("DTR and RTS are set as they were chosen, and RTS is left to the driver with flow control") {
    bench b;
    const auto told = [&](bool dtr, bool rts, bool rts_cts) {
        {
            const std::lock_guard guard(modem_lock);
            modem_lines.clear();
        }
        serial::port_settings wanted;
        wanted.dtr = dtr;
        wanted.rts = rts;
        wanted.rts_cts = rts_cts;
        const port made(b.context.get_executor(), b.line.path(), wanted);
        termios now{};
        REQUIRE(tcgetattr(b.line.master().native_handle(), &now) == 0);
        CHECK(((now.c_cflag & CRTSCTS) != 0) == rts_cts);
        const std::lock_guard guard(modem_lock);
        return modem_lines;
    };
    CHECK(told(true, true, false) == lines{{TIOCMBIS, TIOCM_DTR | TIOCM_RTS}});
    CHECK(told(false, false, false) == lines{{TIOCMBIC, TIOCM_DTR | TIOCM_RTS}});
    CHECK(told(true, false, false) == lines{{TIOCMBIS, TIOCM_DTR}, {TIOCMBIC, TIOCM_RTS}});
    CHECK(told(false, true, false) == lines{{TIOCMBIS, TIOCM_RTS}, {TIOCMBIC, TIOCM_DTR}});
    CHECK(told(true, true, true) == lines{{TIOCMBIS, TIOCM_DTR}});
    CHECK(told(false, true, true) == lines{{TIOCMBIC, TIOCM_DTR}});
}
