// SPDX-License-Identifier: Apache-2.0
#include "http_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

namespace rehearsal_test {
namespace {

constexpr std::size_t scheme_length = 7;  // http://

int connected_to(const std::string& host_and_port) {
    const std::size_t colon = host_and_port.find(':');
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(host_and_port.substr(colon + 1))));
    inet_pton(AF_INET, host_and_port.substr(0, colon).c_str(), &address.sin_addr);
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        ::close(fd);
        throw std::runtime_error("nobody listens at " + host_and_port);
    }
    return fd;
}

}  // namespace

http_answer http(const std::string& method, const std::string& url, const std::string& body,
                 const std::string& headers) {
    const std::size_t slash = url.find('/', scheme_length);
    const int fd = connected_to(url.substr(scheme_length, slash - scheme_length));
    const std::string request = method + " " + url.substr(slash) +
                                " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: " +
                                std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body;
    [[maybe_unused]] const ssize_t sent = ::write(fd, request.data(), request.size());
    std::string all;
    std::array<char, 4096> buffer{};
    for (ssize_t length = 0; (length = ::read(fd, buffer.data(), buffer.size())) > 0;) {
        all.append(buffer.data(), static_cast<std::size_t>(length));
    }
    ::close(fd);
    const std::size_t gap = all.find("\r\n\r\n");
    if (gap == std::string::npos) throw std::runtime_error("no HTTP answer: " + all);
    return {std::stoi(all.substr(9, 3)), all.substr(gap + 4), all.substr(0, gap)};
}

}  // namespace rehearsal_test
