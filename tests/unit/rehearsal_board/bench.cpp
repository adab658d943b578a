// SPDX-License-Identifier: Apache-2.0
#include "bench.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>

namespace bench {

namespace fs = std::filesystem;

std::string read_some(int fd, std::chrono::milliseconds time) {
    pollfd what{fd, POLLIN, 0};
    if (::poll(&what, 1, static_cast<int>(time.count())) <= 0) return {};
    std::string bytes(65536, '\0');
    const ssize_t size = ::read(fd, bytes.data(), bytes.size());
    bytes.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return bytes;
}

boards::boards(std::vector<std::string> arguments) : arguments_(std::move(arguments)) {
    std::string name = (fs::temp_directory_path() / "boards-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    directory_ = name;
    start();
}

boards::~boards() {
    stop();
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
}

void boards::start() {
    std::array<int, 2> pipe{};
    REQUIRE(::pipe2(pipe.data(), O_CLOEXEC) == 0);
    const std::string program = std::string(FLEETLINE_BIN_DIR) + "/fleetline-rehearsal-board";
    std::vector<std::string> words{program,
                                   "--usb",
                                   directory_ / "usb",
                                   "--devices",
                                   directory_ / "devices",
                                   "--control",
                                   directory_ / "control"};
    words.insert(words.end(), arguments_.begin(), arguments_.end());
    std::vector<char*> raw;
    raw.reserve(words.size() + 1);
    for (auto& word : words) raw.push_back(word.data());
    raw.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
        ::dup2(pipe[1], STDOUT_FILENO);
        ::execv(raw[0], raw.data());
        ::_exit(127);
    }
    ::close(pipe[1]);
    events_ = pipe[0];
    event("ready");
}

void boards::stop() {
    if (control_ >= 0) ::close(control_);
    control_ = -1;
    ::kill(pid_, SIGTERM);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    ::close(events_);
    partial_.clear();
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
}

void boards::restart() {
    stop();
    start();
}

std::string boards::flash(const std::string& file, const std::string& serial) const {
    std::ifstream in(device(serial) / file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

nlohmann::json boards::event(const std::string& name) {
    const auto deadline = clock::now() + patience;
    for (;;) {
        const auto end = partial_.find('\n');
        if (end != std::string::npos) {
            auto one = nlohmann::json::parse(partial_.substr(0, end));
            partial_.erase(0, end + 1);
            all_.push_back(one);
            if (one["event"] == name) return one;
            continue;
        }
        if (clock::now() > deadline) FAIL("no event " << name);
        partial_ += read_some(events_, 200ms);
    }
}

nlohmann::json boards::control(const std::string& command) {
    if (control_ < 0) {
        control_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        const auto path = (directory_ / "control").string();
        std::memcpy(static_cast<char*>(address.sun_path), path.data(), path.size());
        REQUIRE(::connect(control_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    }
    const auto line = command + "\n";
    REQUIRE(::write(control_, line.data(), line.size()) == static_cast<ssize_t>(line.size()));
    std::string answer;
    while (answer.find('\n') == std::string::npos) {
        const auto more = read_some(control_, patience);
        REQUIRE(!more.empty());
        answer += more;
    }
    return nlohmann::json::parse(answer);
}

double boards::cpu_seconds() const {
    std::ifstream in("/proc/" + std::to_string(pid_) + "/stat");
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    std::istringstream rest(text.substr(text.rfind(')') + 2));
    std::string word;
    for (int i = 0; i < 11; ++i) rest >> word;
    double user = 0;
    double system = 0;
    rest >> user >> system;
    return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

host::host(const fs::path& tty) : fd_(::open(tty.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)) {
    REQUIRE(fd_ >= 0);
}

host::~host() {
    ::close(fd_);
}

void host::send(std::string_view bytes) {
    while (!bytes.empty()) {
        pollfd what{fd_, POLLOUT, 0};
        REQUIRE(::poll(&what, 1, 10000) == 1);
        const ssize_t size = ::write(fd_, bytes.data(), bytes.size());
        if (size < 0 && errno != EAGAIN) FAIL("cannot write to the port");
        if (size > 0) bytes.remove_prefix(static_cast<std::size_t>(size));
    }
}

std::string host::expect(const std::string& text) {
    const auto deadline = clock::now() + patience;
    for (;;) {
        const auto found = buffer_.find(text);
        if (found != std::string::npos) {
            auto seen = buffer_.substr(0, found + text.size());
            buffer_.erase(0, found + text.size());
            return seen;
        }
        if (clock::now() > deadline) FAIL("expected '" << text << "' but the board said '" << buffer_ << "'");
        buffer_ += read_some(fd_, 200ms);
    }
}

std::string host::command(const std::string& line) {
    send(line + "\r\n");
    expect(line);
    // Not just "> ": that is also in "<INF> ".
    const auto answer = expect("\r\n> ");
    return answer.size() == 4 ? "" : answer.substr(2, answer.size() - 4);
}

std::string host::until_quiet(std::chrono::milliseconds quiet) {
    for (;;) {
        const auto more = read_some(fd_, quiet);
        if (more.empty()) return take();
        buffer_ += more;
    }
}

bool host::hung_up(std::chrono::milliseconds time) {
    const auto deadline = clock::now() + time;
    while (clock::now() < deadline) {
        pollfd what{fd_, POLLIN, 0};
        ::poll(&what, 1, 100);
        if ((what.revents & POLLHUP) != 0) {
            buffer_ += read_some(fd_, 0ms);
            return true;
        }
        buffer_ += read_some(fd_, 0ms);
    }
    return false;
}

std::string shell(const std::string& command) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> out(
        ::popen(("(" + command + "\n) 2>&1").c_str(), "r"), ::pclose);
    std::string text;
    std::array<char, 4096> buffer{};
    while (const auto size = std::fread(buffer.data(), 1, buffer.size(), out.get()))
        text.append(buffer.data(), size);
    return text;
}

}  // namespace bench
