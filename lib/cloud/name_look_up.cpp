// SPDX-License-Identifier: Apache-2.0
#include "cloud/name_look_up.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <cstring>
#include <system_error>
#include <utility>

#include "core/aside.hpp"
#include "core/owned.hpp"

namespace fleetline::cloud {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

looked_up ask(const std::string& host, const std::string& port) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    looked_up found;
    const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &list);
    if (error != 0) {
        found.why_not = gai_strerror(error);
        return found;
    }
    const owned<addrinfo, freeaddrinfo> all(list);
    for (const auto* one = list; one != nullptr; one = one->ai_next) {
        tcp::endpoint endpoint;
        if (one->ai_addrlen > endpoint.capacity()) continue;
        std::memcpy(endpoint.data(), one->ai_addr, one->ai_addrlen);
        endpoint.resize(one->ai_addrlen);
        found.endpoints.push_back(endpoint);
    }
    if (found.endpoints.empty()) found.why_not = "there is no address";
    return found;
}

}  // namespace

asio::awaitable<looked_up> look_up_name(std::string host, std::string port) {
    looked_up found;
    try {
        auto call = [host = std::move(host), port = std::move(port)] { return ask(host, port); };
        found = co_await aside(std::move(call));
    } catch (const std::system_error& error) {
        found.why_not = error.what();
    }
    co_return found;
}

}  // namespace fleetline::cloud
