// SPDX-License-Identifier: Apache-2.0
#include "api/sockets.hpp"

#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "core/failure.hpp"

namespace fleetline::api {

namespace {

constexpr int backlog = 512;

[[noreturn]] void no_socket(const std::filesystem::path& path, const std::string& why) {
    throw failure("station-api-socket", "Opening the control socket", path.string(), why);
}

sockaddr_un address_of(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const auto& text = path.native();
    if (text.size() >= sizeof address.sun_path) no_socket(path, "the path is too long for a socket");
    std::memcpy(address.sun_path, text.c_str(), text.size());
    return address;
}

const sockaddr* generic(const sockaddr_un& address) {
    return reinterpret_cast<const sockaddr*>(&address);
}

/// Refuses when the path is somebody's: a daemon's that answers, or no socket at all.
void check_free(const std::filesystem::path& path) {
    struct stat there {};
    if (::lstat(path.c_str(), &there) != 0) {
        if (errno == ENOENT) return;
        no_socket(path, std::strerror(errno));
    }
    if (!S_ISSOCK(there.st_mode)) no_socket(path, "a file that is not a socket is in its place");
    const descriptor probe{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    const auto address = address_of(path);
    if (::connect(probe.get(), generic(address), sizeof address) == 0 || errno == EAGAIN)
        no_socket(path, "another daemon listens there");
    if (errno != ECONNREFUSED && errno != ENOENT) no_socket(path, std::strerror(errno));
}

std::vector<gid_t> groups_of_peer(int socket) {
    std::vector<gid_t> groups(64);
    for (;;) {
        auto length = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
        if (::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &length) == 0) {
            groups.resize(length / sizeof(gid_t));
            return groups;
        }
        if (errno != ERANGE) return {};
        groups.resize(length / sizeof(gid_t) + 1);
    }
}

[[noreturn]] void no_listener(const std::string& address, const std::string& why) {
    throw failure("station-api-listen", "Listening for the page", address, why);
}

struct address_list {
    addrinfo* first = nullptr;
    ~address_list() {
        if (first != nullptr) ::freeaddrinfo(first);
    }
};

bool is_loopback(const sockaddr& address) {
    if (address.sa_family == AF_INET) {
        const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
        return (ntohl(v4.sin_addr.s_addr) >> 24U) == 127;
    }
    return IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6&>(address).sin6_addr);
}

/// Also at an address that this machine does not have (yet): a LAN's comes when its cable or DHCP does, and
/// the station boots without. False then; nothing arrives until it is there.
bool bind_to(int socket, const addrinfo& wanted, const std::string& address) {
    if (::bind(socket, wanted.ai_addr, wanted.ai_addrlen) == 0) return true;
    const int yes = 1;
    const bool v6 = wanted.ai_family == AF_INET6;
    if (errno == EADDRNOTAVAIL &&
        ::setsockopt(socket, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_FREEBIND : IP_FREEBIND, &yes,
                     sizeof yes) == 0 &&
        ::bind(socket, wanted.ai_addr, wanted.ai_addrlen) == 0)
        return false;
    no_listener(address, std::strerror(errno));
}

std::uint16_t port_of(int socket) {
    sockaddr_storage bound{};
    socklen_t length = sizeof bound;
    if (::getsockname(socket, reinterpret_cast<sockaddr*>(&bound), &length) != 0) return 0;
    return ntohs(bound.ss_family == AF_INET ? reinterpret_cast<const sockaddr_in&>(bound).sin_port
                                            : reinterpret_cast<const sockaddr_in6&>(bound).sin6_port);
}

}  // namespace

descriptor::~descriptor() {
    if (number_ >= 0) ::close(number_);
}

descriptor listen_on_unix_socket(const std::filesystem::path& path, std::optional<gid_t> group) {
    check_free(path);
    // Made under another name and then renamed: nobody ever sees it with the wrong mode or not listening.
    const auto temporary = std::filesystem::path{path.native() + "~"};
    const auto address = address_of(temporary);
    descriptor socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    ::unlink(temporary.c_str());
    if (socket.get() < 0 || ::bind(socket.get(), generic(address), sizeof address) != 0)
        no_socket(path, std::strerror(errno));
    const bool made = ::chmod(temporary.c_str(), 0660) == 0 && ::listen(socket.get(), backlog) == 0;
    const int why = errno;
    // Only root and members of the group may give it away; without that the mode alone still holds.
    if (made && group && ::chown(temporary.c_str(), static_cast<uid_t>(-1), *group) != 0 && errno != EPERM) {
        ::unlink(temporary.c_str());
        no_socket(path, std::strerror(errno));
    }
    if (!made || ::rename(temporary.c_str(), path.c_str()) != 0) {
        const int error = made ? errno : why;
        ::unlink(temporary.c_str());
        no_socket(path, std::strerror(error));
    }
    return socket;
}

ino_t inode_of(const std::filesystem::path& path) {
    struct stat there {};
    return ::lstat(path.c_str(), &there) == 0 ? there.st_ino : 0;
}

void remove_socket_file(const std::filesystem::path& path, ino_t ours) {
    if (ours != 0 && inode_of(path) == ours) ::unlink(path.c_str());
}

std::optional<gid_t> group_by_name(const std::string& name) {
    if (name.empty()) return std::nullopt;
    std::vector<char> space(16384);
    group entry{};
    group* found = nullptr;
    while (::getgrnam_r(name.c_str(), &entry, space.data(), space.size(), &found) == ERANGE)
        space.resize(space.size() * 2);
    if (found == nullptr) return std::nullopt;
    return found->gr_gid;
}

peer peer_of_unix_socket(int socket, std::optional<gid_t> group) {
    peer who;
    who.by = peer::way::unix_socket;
    ucred credentials{};
    socklen_t length = sizeof credentials;
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) return who;
    who.uid = credentials.uid;
    who.member = credentials.uid == 0 || credentials.uid == ::geteuid();
    if (!who.member && group) {
        const auto groups = groups_of_peer(socket);
        who.member =
            credentials.gid == *group || std::find(groups.begin(), groups.end(), *group) != groups.end();
    }
    return who;
}

std::string user_name(uid_t user) {
    std::vector<char> space(16384);
    passwd entry{};
    passwd* found = nullptr;
    while (::getpwuid_r(user, &entry, space.data(), space.size(), &found) == ERANGE)
        space.resize(space.size() * 2);
    return found != nullptr ? std::string{found->pw_name} : "uid " + std::to_string(user);
}

tcp_listener listen_on_tcp(const std::string& address) {
    const auto colon = address.rfind(':');
    if (colon == std::string::npos) no_listener(address, "it must be ADDRESS:PORT");
    std::string host = address.substr(0, colon);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
    address_list list;
    if (::getaddrinfo(host.c_str(), address.c_str() + colon + 1, &hints, &list.first) != 0)
        no_listener(address, "it must be a numeric ADDRESS:PORT");
    descriptor socket{::socket(list.first->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    const int yes = 1;
    if (socket.get() < 0 || ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0)
        no_listener(address, std::strerror(errno));
    const bool is_here = bind_to(socket.get(), *list.first, address);
    if (::listen(socket.get(), backlog) != 0) no_listener(address, std::strerror(errno));
    const auto port = port_of(socket.get());
    return {std::move(socket), is_loopback(*list.first->ai_addr), port, is_here};
}

}  // namespace fleetline::api
