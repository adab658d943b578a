// SPDX-License-Identifier: Apache-2.0
#include "serial/tty.hpp"

#include <fcntl.h>
#include <linux/serial.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

#include "core/failure.hpp"

namespace fleetline::serial {

bool means_gone(int error) noexcept {
    return error == EIO || error == ENXIO || error == ENODEV || error == ENOENT || error == EPIPE;
}

namespace {

constexpr std::string_view opening = "Opening the port";

std::string words_of(int error) {
    return std::generic_category().message(error);
}

[[noreturn]] void throw_open_failure(const std::string& path, int error) {
    const char* code = "port-failed";
    if (error == EBUSY || error == EWOULDBLOCK) code = "port-busy";
    if (means_gone(error)) code = "port-gone";
    throw failure(code, std::string(opening), path, words_of(error));
}

speed_t speed_of(unsigned baud, const std::string& path) {
    static constexpr std::array<std::pair<unsigned, speed_t>, 20> known{
        {{1200, B1200},       {2400, B2400},       {4800, B4800},       {9600, B9600},
         {19200, B19200},     {38400, B38400},     {57600, B57600},     {115200, B115200},
         {230400, B230400},   {460800, B460800},   {500000, B500000},   {576000, B576000},
         {921600, B921600},   {1000000, B1000000}, {1152000, B1152000}, {1500000, B1500000},
         {2000000, B2000000}, {2500000, B2500000}, {3000000, B3000000}, {4000000, B4000000}}};
    for (const auto& [rate, speed] : known)
        if (rate == baud) return speed;
    throw failure("station-configuration", std::string(opening), path,
                  std::to_string(baud) + " is not a baud rate this system knows");
}

bool is_pty(int fd) {
    struct stat about {};
    if (fstat(fd, &about) != 0) return false;
    const auto number = major(about.st_rdev);
    return number >= 136 && number <= 143;  // UNIX98 PTY slaves
}

/// Exclusive twice over: the lock among programs that ask, TIOCEXCL against those that do not. A PTY keeps
/// TIOCEXCL as long as its other end lives, a holder that died included, so there the lock must do.
void take_exclusively(int fd, const std::string& path) {
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) throw_open_failure(path, errno);
    if (is_pty(fd)) return;
    int held = 0;
    if (ioctl(fd, TIOCGEXCL, &held) == 0 && held != 0) throw_open_failure(path, EBUSY);
    if (ioctl(fd, TIOCEXCL) != 0) throw_open_failure(path, errno);
}

void set_line(int fd, const std::string& path, const port_settings& settings) {
    termios line{};
    if (tcgetattr(fd, &line) != 0) throw_open_failure(path, errno);
    cfmakeraw(&line);
    line.c_cflag |= CLOCAL | CREAD;
    line.c_cflag &= ~static_cast<tcflag_t>(HUPCL | CSTOPB | PARENB | CRTSCTS);  // no HUPCL: no pulse at close
    if (settings.rts_cts) line.c_cflag |= CRTSCTS;
    line.c_cc[VMIN] = 1;
    line.c_cc[VTIME] = 0;
    const speed_t speed = speed_of(settings.baud, path);
    if (cfsetspeed(&line, speed) != 0) throw_open_failure(path, errno);
    if (tcsetattr(fd, TCSANOW, &line) != 0) throw_open_failure(path, errno);
}

/// PTYs and some drivers have no modem lines: not an error.
void set_modem_lines(int fd, const port_settings& settings) {
    int on = (settings.dtr ? TIOCM_DTR : 0) | (settings.rts && !settings.rts_cts ? TIOCM_RTS : 0);
    int off = (settings.dtr ? 0 : TIOCM_DTR) | (settings.rts || settings.rts_cts ? 0 : TIOCM_RTS);
    if (on != 0) ioctl(fd, TIOCMBIS, &on);
    if (off != 0) ioctl(fd, TIOCMBIC, &off);
}

/// USB adapters gather bytes for up to 16 ms otherwise. Drivers that do not know it answer an error.
void ask_for_low_latency(int fd) {
    serial_struct about{};
    if (ioctl(fd, TIOCGSERIAL, &about) != 0) return;
    about.flags |= static_cast<int>(ASYNC_LOW_LATENCY);
    ioctl(fd, TIOCSSERIAL, &about);
}

struct descriptor {
    int fd;
    ~descriptor() {
        if (fd >= 0) ::close(fd);
    }
    int release() { return std::exchange(fd, -1); }
};

}  // namespace

int open_tty(const std::string& path, const port_settings& settings) {
    descriptor held{::open(path.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)};
    if (held.fd < 0) throw_open_failure(path, errno);
    if (isatty(held.fd) == 0)
        throw failure(means_gone(errno) ? "port-gone" : "port-failed", std::string(opening), path,
                      "this is not a serial port");
    take_exclusively(held.fd, path);
    set_line(held.fd, path, settings);
    set_modem_lines(held.fd, settings);
    ask_for_low_latency(held.fd);
    return held.release();
}

void close_tty(int fd) noexcept {
    if (!is_pty(fd)) ioctl(fd, TIOCNXCL);
    tcflush(fd, TCIOFLUSH);  // nothing may linger: close would wait for unsent bytes of a stuck device
    ::close(fd);
}

}  // namespace fleetline::serial
