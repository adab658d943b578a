// SPDX-License-Identifier: Apache-2.0
#include "pty.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace fleetline::rehearsal_board {

pty::pty(event_loop& loop, std::function<void()> readable, std::function<void()> writable)
    : loop_(loop), readable_(std::move(readable)), writable_(std::move(writable)) {
    master_ = ::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    std::array<char, 64> name{};
    if (master_ < 0 || ::grantpt(master_) != 0 || ::unlockpt(master_) != 0 ||
        ::ptsname_r(master_, name.data(), name.size()) != 0)
        throw std::runtime_error("cannot make a pseudo terminal");
    path_ = name.data();
    // Kept open by us: a master without any slave reports a hang-up forever.
    slave_ = ::open(path_.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);
    termios settings{};
    if (slave_ < 0 || ::tcgetattr(slave_, &settings) != 0) throw std::runtime_error("cannot open " + path_);
    ::cfmakeraw(&settings);
    ::cfsetspeed(&settings, B115200);
    if (::tcsetattr(slave_, TCSANOW, &settings) != 0) throw std::runtime_error("cannot set up " + path_);
    inotify_ = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    counts_openings_ = inotify_ >= 0 && ::inotify_add_watch(inotify_, path_.c_str(), IN_OPEN | IN_CLOSE) >= 0;
    if (counts_openings_) loop_.watch(inotify_, EPOLLIN, [this](std::uint32_t) { opened_or_closed(); });
    loop_.watch(master_, EPOLLIN, [this](std::uint32_t events) {
        // Copies: either callback may close this terminal.
        const auto writable_now = writable_;
        const auto readable_now = readable_;
        if ((events & EPOLLOUT) != 0)
            writable_now();
        else if ((events & (EPOLLIN | EPOLLHUP)) != 0)
            readable_now();
    });
}

pty::~pty() {
    if (counts_openings_) loop_.unwatch(inotify_);
    loop_.unwatch(master_);
    if (inotify_ >= 0) ::close(inotify_);
    ::close(slave_);
    ::close(master_);
}

void pty::opened_or_closed() {
    alignas(inotify_event) std::array<char, 4096> buffer{};
    for (;;) {
        const ssize_t size = ::read(inotify_, buffer.data(), buffer.size());
        if (size <= 0) return;
        for (std::size_t at = 0; at + sizeof(inotify_event) <= static_cast<std::size_t>(size);) {
            inotify_event event{};
            std::memcpy(&event, buffer.data() + at, sizeof event);
            if ((event.mask & IN_OPEN) != 0) ++openings_;
            // What nobody read is gone when the last host closes the port.
            if ((event.mask & IN_CLOSE) != 0 && openings_ > 0 && --openings_ == 0)
                ::tcflush(slave_, TCIFLUSH);
            at += sizeof event + event.len;
        }
    }
}

std::string pty::read(std::size_t most) {
    std::string bytes(most, '\0');
    const ssize_t size = ::read(master_, bytes.data(), most);
    bytes.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return bytes;
}

std::size_t pty::write(std::string_view bytes) {
    if (counts_openings_) opened_or_closed();
    if (!host_there()) return bytes.size();
    std::size_t taken = 0;
    while (taken < bytes.size()) {
        const ssize_t size = ::write(master_, bytes.data() + taken, bytes.size() - taken);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0 && errno != EAGAIN) return bytes.size();
        if (size <= 0) break;
        taken += static_cast<std::size_t>(size);
    }
    return taken;
}

bool pty::host_has_all() const {
    // Asking for readability also moves along what the kernel has not yet carried from master to slave
    // (tty_buffer_flush_work in n_tty_poll, drivers/tty/n_tty.c); FIONREAD does not.
    pollfd slave{slave_, POLLIN, 0};
    return ::poll(&slave, 1, 0) == 0;
}

void pty::want(bool readable, bool writable) {
    loop_.modify(master_,
                 (readable ? std::uint32_t{EPOLLIN} : 0U) | (writable ? std::uint32_t{EPOLLOUT} : 0U));
}

}  // namespace fleetline::rehearsal_board
