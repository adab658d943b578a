// SPDX-License-Identifier: Apache-2.0
#include "cli/api_client.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>

#include "cli/exit_status.hpp"

namespace fleetline::cli {

namespace {

constexpr std::size_t most_bytes = std::size_t{16} * 1024 * 1024;  // of an answer

class connection {
  public:
    connection(std::string name, milliseconds patience)
        : name_(std::move(name)),
          descriptor_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)),
          deadline_(std::chrono::steady_clock::now() + patience) {
        if (descriptor_ < 0) broken(std::strerror(errno));
    }
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;
    ~connection() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }

    /// False when nobody listens there.
    bool open() {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        if (name_.size() >= sizeof address.sun_path) broken("the socket's path is too long");
        std::memcpy(address.sun_path, name_.c_str(), name_.size());
        if (::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
            return true;
        if (errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR) return false;
        if (errno == EACCES || errno == EPERM)
            throw command_error(exit_status::not_permitted, "you may not talk to the daemon (" + name_ + ")",
                                "Be in the group 'fleetline', or use sudo.");
        broken(std::strerror(errno));
    }

    void send(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t taken = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (taken > 0) {
                bytes.remove_prefix(static_cast<std::size_t>(taken));
            } else if (errno == EAGAIN) {
                wait(POLLOUT);
            } else if (errno != EINTR) {
                broken(std::strerror(errno));
            }
        }
    }

    /// What comes until the daemon closes.
    std::string receive_all() {
        std::string all;
        std::array<char, 16384> piece{};
        for (;;) {
            const ssize_t got = ::recv(descriptor_, piece.data(), piece.size(), 0);
            if (got == 0) return all;
            if (got > 0) {
                all.append(piece.data(), static_cast<std::size_t>(got));
                if (all.size() > most_bytes) broken("the answer is too long");
            } else if (errno == EAGAIN) {
                wait(POLLIN);
            } else if (errno != EINTR) {
                broken(std::strerror(errno));
            }
        }
    }

    [[noreturn]] void broken(const std::string& why) const {
        throw command_error(exit_status::daemon_needed, "the daemon does not answer (" + name_ + "): " + why,
                            "Look at 'systemctl status fleetlined' and 'journalctl -u fleetlined'.");
    }

  private:
    void wait(short what) const {
        const auto left =
            std::chrono::ceil<milliseconds>(deadline_ - std::chrono::steady_clock::now()).count();
        pollfd one{descriptor_, what, 0};
        if (left <= 0 || ::poll(&one, 1, static_cast<int>(left)) == 0) broken("it took too long");
    }

    std::string name_;
    int descriptor_;
    std::chrono::steady_clock::time_point deadline_;
};

/// The body of a chunked message, or nothing if the chunks are not right.
std::optional<std::string> unchunked(std::string_view from) {
    std::string body;
    for (;;) {
        std::size_t length = 0;
        const auto [end, error] = std::from_chars(from.data(), from.data() + from.size(), length, 16);
        const auto line_end = from.find("\r\n");
        if (error != std::errc{} || line_end == std::string_view::npos || length > most_bytes)
            return std::nullopt;
        if (length == 0) return body;
        from.remove_prefix(line_end + 2);
        if (from.size() < length + 2) return std::nullopt;
        body.append(from.substr(0, length));
        from.remove_prefix(length + 2);
    }
}

bool header_says(std::string head, std::string_view name, std::string_view value) {
    for (char& c : head) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    const auto at = head.find("\r\n" + std::string{name} + ':');
    if (at == std::string::npos) return false;
    const auto end = head.find("\r\n", at + 2);
    return head.substr(at, end - at).find(value) != std::string::npos;
}

std::optional<api_answer> parse_answer(std::string_view text) {
    const auto head_end = text.find("\r\n\r\n");
    if (head_end == std::string_view::npos || !text.starts_with("HTTP/1.")) return std::nullopt;
    const std::string head{text.substr(0, head_end)};
    api_answer answer;
    if (head.size() < 12) return std::nullopt;
    if (std::from_chars(head.data() + 9, head.data() + 12, answer.status).ec != std::errc{})
        return std::nullopt;
    answer.body = text.substr(head_end + 4);
    if (!header_says(head, "transfer-encoding", "chunked")) return answer;
    auto body = unchunked(answer.body);
    if (!body) return std::nullopt;
    answer.body = std::move(*body);
    return answer;
}

}  // namespace

std::optional<api_answer> api_client::request(std::string_view method, std::string_view target,
                                              std::string_view body, std::string_view type) const {
    connection daemon{socket_.string(), patience_};
    if (!daemon.open()) return std::nullopt;
    std::string message{method};
    message += ' ';
    message += target;
    message += " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAccept: application/json\r\n";
    if (!body.empty() || method != "GET") {
        message += "Content-Type: " + std::string{type} +
                   "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
    }
    message += "\r\n";
    message += body;
    daemon.send(message);
    auto answer = parse_answer(daemon.receive_all());
    if (!answer) daemon.broken("its answer is not HTTP");
    return answer;
}

}  // namespace fleetline::cli
