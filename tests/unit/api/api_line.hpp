// SPDX-License-Identifier: Apache-2.0
// A server on real sockets in a directory of its own, with a station that says what the test wants, and plain
// blocking clients. The server runs on a thread of its own; the station is changed on that thread.
#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "api/server.hpp"

namespace fleetline::api::test {

class directory {
  public:
    directory() {
        std::string pattern = (std::filesystem::temp_directory_path() / "api-test-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
        path_ = pattern;
    }
    ~directory() { std::filesystem::remove_all(path_); }
    directory(const directory&) = delete;
    directory& operator=(const directory&) = delete;
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

/// A blocking client socket; gives up after ten seconds.
class client {
  public:
    explicit client(const std::filesystem::path& socket) : number_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, socket.c_str(), sizeof address.sun_path - 1);
        if (::connect(number_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
            throw std::runtime_error(std::string{"connect: "} + std::strerror(errno));
    }
    explicit client(std::uint16_t port) : number_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(number_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
            throw std::runtime_error(std::string{"connect: "} + std::strerror(errno));
    }
    ~client() { ::close(number_); }
    client(const client&) = delete;
    client& operator=(const client&) = delete;

    int number() const { return number_; }

    /// False when the other side has closed.
    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto sent = ::send(number_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }

    /// At least one byte, or nothing at the end.
    std::string receive() {
        pollfd one{number_, POLLIN, 0};
        if (::poll(&one, 1, 10'000) <= 0) throw std::runtime_error("the server says nothing");
        std::array<char, 65536> space{};
        const auto got = ::recv(number_, space.data(), space.size(), 0);
        return {space.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
    }

    std::string receive_all() {
        std::string all;
        for (std::string piece = receive(); !piece.empty(); piece = receive()) all += piece;
        return all;
    }

    std::string receive_until(std::string_view mark) {
        while (held_.find(mark) == std::string::npos) {
            const auto piece = receive();
            if (piece.empty()) throw std::runtime_error("closed after: " + held_);
            held_ += piece;
        }
        const auto end = held_.find(mark) + mark.size();
        std::string out = held_.substr(0, end);
        held_.erase(0, end);
        return out;
    }

    std::string receive_exactly(std::size_t count) {
        while (held_.size() < count) {
            const auto piece = receive();
            if (piece.empty()) throw std::runtime_error("closed early");
            held_ += piece;
        }
        std::string out = held_.substr(0, count);
        held_.erase(0, count);
        return out;
    }

  private:
    int number_;
    std::string held_;
};

struct answer {
    int status = 0;
    std::string head;
    std::string body;

    nlohmann::json json() const { return nlohmann::json::parse(body); }
    std::string code() const { return json().value("code", ""); }
    bool has(std::string_view header) const { return head.find(header) != std::string::npos; }
};

inline std::string unchunked(const std::string& body) {
    std::string out;
    for (std::size_t at = 0; at < body.size();) {
        const auto end = body.find("\r\n", at);
        const auto size = std::stoul(body.substr(at, end - at), nullptr, 16);
        if (size == 0) return out;
        out += body.substr(end + 2, size);
        at = end + 2 + size + 2;
    }
    throw std::runtime_error("the last chunk is missing");
}

inline answer parse(const std::string& bytes) {
    const auto end = bytes.find("\r\n\r\n");
    if (end == std::string::npos || bytes.size() < 12) throw std::runtime_error("no HTTP: " + bytes);
    answer out{std::stoi(bytes.substr(9, 3)), bytes.substr(0, end + 2), bytes.substr(end + 4)};
    if (out.has("Transfer-Encoding: chunked")) out.body = unchunked(out.body);
    return out;
}

class line {
  public:
    explicit line(const std::function<void(settings&)>& adjust = {},
                  const std::function<void(providers&)>& more = {});
    ~line();
    line(const line&) = delete;
    line& operator=(const line&) = delete;

    /// As the daemon's SIGTERM does; resumes when run() has ended.
    void stop();

    /// On the server's thread, as the station does.
    void change(const std::function<void(station::station_status&)>& how);
    void on_thread(const std::function<void()>& what);

    std::uint16_t port() const;
    server& served();

    answer get(const std::string& path, const std::string& headers = {}) const;
    answer post(const std::string& path, const std::string& body, const std::string& headers = {},
                const std::string& type = "application/json") const;
    answer ask(const std::string& bytes) const;
    answer ask_tcp(const std::string& bytes) const;
    answer get_tcp(const std::string& path, const std::string& headers = {}) const;

    directory home;
    settings wanted;
    station::station_status now;

  private:
    struct running;
    std::unique_ptr<running> running_;
};

}  // namespace fleetline::api::test
