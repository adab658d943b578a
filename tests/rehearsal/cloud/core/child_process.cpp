// SPDX-License-Identifier: Apache-2.0
#include "core/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <thread>

namespace fleetline::rehearsal::child_process {
namespace {

using clock = std::chrono::steady_clock;
constexpr std::size_t max_output = 256UL * 1024;
constexpr std::size_t max_errors = 64UL * 1024;

class descriptor {
  public:
    explicit descriptor(int fd = -1) : fd_(fd) {}
    ~descriptor() { close(); }
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    void reset(int fd) {
        close();
        fd_ = fd;
    }
    void close() {
        if (fd_ >= 0) ::close(fd_);
        fd_ = -1;
    }
    int get() const { return fd_; }

  private:
    int fd_;
};

[[noreturn]] void fail(const char* doing, int error) {
    throw std::runtime_error(std::string{doing} + ": " + std::strerror(error));
}

struct pipe_pair {
    pipe_pair() {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail("pipe", errno);
        reading.reset(ends[0]);
        writing.reset(ends[1]);
    }
    descriptor reading;
    descriptor writing;
};

// A file in memory holds the input, so that nobody has to feed a pipe.
void fill_input(descriptor& input, const std::string& text) {
    input.reset(::memfd_create("input", MFD_CLOEXEC));
    if (input.get() < 0) fail("memfd_create", errno);
    for (std::size_t done = 0; done < text.size();) {
        const ssize_t written = ::write(input.get(), text.data() + done, text.size() - done);
        if (written < 0) fail("write", errno);
        done += static_cast<std::size_t>(written);
    }
    ::lseek(input.get(), 0, SEEK_SET);
}

std::vector<char*> pointers(const std::vector<std::string>& words) {
    std::vector<char*> list;
    for (const std::string& word : words) list.push_back(const_cast<char*>(word.c_str()));
    list.push_back(nullptr);
    return list;
}

// A session of its own, so that whatever the program starts can be ended with it.
pid_t start(const order& what, int input, int output, int errors) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    posix_spawn_file_actions_addchdir_np(&actions, "/");
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, static_cast<short>(POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK));
    pid_t child = -1;
    const int error = ::posix_spawn(&child, what.arguments.front().c_str(), &actions, &attributes,
                                    pointers(what.arguments).data(), pointers(what.environment).data());
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (error != 0) fail("cannot start a process", error);
    return child;
}

int milliseconds_until(clock::time_point deadline) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock::now()).count();
    return static_cast<int>(left < 0 ? 0 : left);
}

// False at the end of the file.
bool read_some(int fd, std::string& into, std::size_t limit) {
    std::array<char, 4096> buffer{};
    const ssize_t length = ::read(fd, buffer.data(), buffer.size());
    if (length <= 0) return length < 0 && errno == EINTR;
    if (into.size() < limit) into.append(buffer.data(), static_cast<std::size_t>(length));
    return true;
}

void read_until_closed(descriptor& output, descriptor& errors, outcome& result, clock::time_point deadline) {
    while (output.get() >= 0 || errors.get() >= 0) {
        std::array<pollfd, 2> waiting = {pollfd{output.get(), POLLIN, 0}, pollfd{errors.get(), POLLIN, 0}};
        const int left = milliseconds_until(deadline);
        if (left == 0 || result.output.size() >= max_output) return;
        if (::poll(waiting.data(), waiting.size(), left) <= 0) continue;
        if (waiting[0].revents != 0 && !read_some(output.get(), result.output, max_output)) output.close();
        if (waiting[1].revents != 0 && !read_some(errors.get(), result.errors, max_errors)) errors.close();
    }
}

}  // namespace

outcome run(const order& what) {
    descriptor input;
    fill_input(input, what.input);
    pipe_pair output;
    pipe_pair errors;
    const auto deadline = clock::now() + what.limit;
    const pid_t child = start(what, input.get(), output.writing.get(), errors.writing.get());
    output.writing.close();
    errors.writing.close();
    outcome result;
    read_until_closed(output.reading, errors.reading, result, deadline);
    int status = 0;
    pid_t ended = 0;
    while ((ended = ::waitpid(child, &status, WNOHANG)) == 0 && clock::now() < deadline &&
           result.output.size() < max_output) {
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    ::kill(-child, SIGKILL);  // the program, if it still runs, and what it left behind
    if (ended == 0) {
        result.timed_out = true;
        ::waitpid(child, &status, 0);
    }
    result.status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    return result;
}

}  // namespace fleetline::rehearsal::child_process
