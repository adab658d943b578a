// SPDX-License-Identifier: Apache-2.0
#include "control.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace fleetline::rehearsal_board {

namespace {

constexpr std::size_t longest_command = 4U << 20;  // `raw` may carry a lot

}  // namespace

control_socket::control_socket(event_loop& loop, std::string path,
                               std::function<std::string(const std::string&)> command)
    : loop_(loop),
      path_(std::move(path)),
      command_(std::move(command)),
      listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path_.size() >= sizeof address.sun_path) throw std::runtime_error("socket path too long: " + path_);
    std::memcpy(static_cast<char*>(address.sun_path), path_.data(), path_.size());
    ::unlink(path_.c_str());
    if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_, 16) != 0)
        throw std::runtime_error("cannot listen at " + path_);
    loop_.watch(listener_, EPOLLIN, [this](std::uint32_t) { accept(); });
}

control_socket::~control_socket() {
    while (!clients_.empty()) drop(clients_.begin()->first);
    loop_.unwatch(listener_);
    ::close(listener_);
    ::unlink(path_.c_str());
}

void control_socket::accept() {
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client < 0) return;
    clients_[client];
    loop_.watch(client, EPOLLIN, [this, client](std::uint32_t) { serve(client); });
}

void control_socket::drop(int client) {
    loop_.unwatch(client);
    ::close(client);
    clients_.erase(client);
}

void control_socket::serve(int client) {
    std::array<char, 65536> buffer{};
    const ssize_t size = ::recv(client, buffer.data(), buffer.size(), 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    auto& pending = clients_[client];
    if (size <= 0 || pending.size() > longest_command) {
        drop(client);
        return;
    }
    pending.append(buffer.data(), static_cast<std::size_t>(size));
    for (std::size_t end = 0; (end = pending.find('\n')) != std::string::npos;) {
        const auto command = pending.substr(0, end);
        pending.erase(0, end + 1);
        const auto answer = command_(command) + "\n";
        if (::send(client, answer.data(), answer.size(), MSG_NOSIGNAL) !=
            static_cast<ssize_t>(answer.size())) {
            drop(client);
            return;
        }
    }
}

}  // namespace fleetline::rehearsal_board
