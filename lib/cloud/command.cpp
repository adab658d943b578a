// SPDX-License-Identifier: Apache-2.0
#include "cloud/command.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "cloud/proxy_environment.hpp"
#include "core/within.hpp"

namespace fleetline::cloud {

namespace asio = boost::asio;

namespace {

constexpr std::size_t most_output = std::size_t{64} * 1024;
constexpr std::size_t most_complaint = 500;
constexpr milliseconds look_again{5};

/// A child that does not outlive its caller.
struct child {
    pid_t process = -1;
    ~child() {
        if (process < 0) return;
        kill(-process, SIGKILL);
        waitpid(process, nullptr, 0);
    }
};

struct pipe_pair {
    int read_end = -1;
    int write_end = -1;
    pipe_pair() {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) == 0) {
            read_end = ends[0];
            write_end = ends[1];
        }
    }
    ~pipe_pair() {
        if (read_end >= 0) close(read_end);
        if (write_end >= 0) close(write_end);
    }
    pipe_pair(const pipe_pair&) = delete;
    pipe_pair& operator=(const pipe_pair&) = delete;
    int release_read_end() { return std::exchange(read_end, -1); }
    void close_write_end() {
        close(write_end);
        write_end = -1;
    }
};

int spawn(const std::vector<std::string>& words, const pipe_pair& output, const pipe_pair& complaint,
          pid_t& process) {
    auto copy = words;
    std::vector<char*> arguments;
    arguments.reserve(copy.size() + 1);
    for (auto& word : copy) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    auto variables = environment_for_programs();
    std::vector<char*> environment;
    environment.reserve(variables.size() + 1);
    for (auto& variable : variables) environment.push_back(variable.data());
    environment.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output.write_end, 1);
    posix_spawn_file_actions_adddup2(&actions, complaint.write_end, 2);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    const int error = posix_spawnp(&process, arguments.front(), &actions, &attributes, arguments.data(),
                                   environment.data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

asio::awaitable<void> read_all(asio::posix::stream_descriptor& from, char* room, std::size_t most,
                               std::size_t& got) {
    std::array<char, 512> rest;
    for (;;) {
        const bool full = got == most;
        const auto buffer = full ? asio::buffer(rest) : asio::buffer(room + got, most - got);
        const auto [error, size] = co_await from.async_read_some(buffer, asio::as_tuple(asio::use_awaitable));
        if (error) co_return;
        if (!full) got += size;
    }
}

asio::awaitable<void> attend(time_source& time, int output, int complaint, child& running,
                             command_result& result) {
    using namespace asio::experimental::awaitable_operators;
    const auto executor = co_await asio::this_coro::executor;
    asio::posix::stream_descriptor out(executor, output);
    asio::posix::stream_descriptor err(executor, complaint);
    std::vector<char> room(most_output);
    result.complaint.resize(most_complaint);
    std::size_t printed = 0;
    std::size_t complained = 0;
    co_await (read_all(out, room.data(), room.size(), printed) &&
              read_all(err, result.complaint.data(), most_complaint, complained));
    result.output = secret(std::string_view(room.data(), printed));
    explicit_bzero(room.data(), room.size());
    result.complaint.resize(complained);
    int status = 0;
    while (waitpid(running.process, &status, WNOHANG) == 0) co_await time.wait_for(look_again);
    running.process = -1;
    result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    result.ended = true;
}

}  // namespace

asio::awaitable<command_result> run_command(time_source& time, std::vector<std::string> words,
                                            milliseconds limit) {
    command_result result;
    if (words.empty()) {
        result.complaint = "no command is configured";
        co_return result;
    }
    pipe_pair output;
    pipe_pair complaint;
    child running;
    const int error = spawn(words, output, complaint, running.process);
    if (error != 0) {
        running.process = -1;
        result.complaint = words.front() + ": " + strerror(error);
        co_return result;
    }
    output.close_write_end();
    complaint.close_write_end();
    const int out = output.release_read_end();
    const int err = complaint.release_read_end();
    co_await within(time, limit, attend(time, out, err, running, result));
    if (!result.ended) result.complaint = "it did not end in time";
    co_return result;
}

}  // namespace fleetline::cloud
