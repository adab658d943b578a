// SPDX-License-Identifier: Apache-2.0
// Listening sockets, and who is at the other end of a Unix one. Plain system calls, io_context thread. Not
// included outside lib/api.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "api/exchange.hpp"

namespace fleetline::api {

/// A descriptor that closes itself.
class descriptor {
  public:
    descriptor() = default;
    explicit descriptor(int number) : number_(number) {}
    descriptor(descriptor&& other) noexcept : number_(other.release()) {}
    descriptor& operator=(descriptor&&) = delete;
    ~descriptor();

    int get() const { return number_; }
    int release() {
        const int number = number_;
        number_ = -1;
        return number;
    }

  private:
    int number_ = -1;
};

/// The socket appears under its name with mode 0660 and its group already set. A file that nobody listens at
/// is replaced. Throws failure(station-api-socket).
descriptor listen_on_unix_socket(const std::filesystem::path& path, std::optional<gid_t> group);

/// Removes the socket's file if it is still `listener`'s.
void remove_socket_file(const std::filesystem::path& path, ino_t ours);
ino_t inode_of(const std::filesystem::path& path);

/// None if the system has no such group.
std::optional<gid_t> group_by_name(const std::string& name);

/// See role.hpp for the rule.
peer peer_of_unix_socket(int socket, std::optional<gid_t> group);

/// A user's name, or "uid 1000". May ask the network: not for the io_context thread.
std::string user_name(uid_t user);

struct tcp_listener {
    descriptor socket;
    bool loopback = false;
    std::uint16_t port = 0;
    bool address_is_here = true;  ///< false: it is served once the machine has it
};

/// "127.0.0.1:8080", "[::1]:8080". Throws failure(station-api-listen).
tcp_listener listen_on_tcp(const std::string& address);

}  // namespace fleetline::api
