// SPDX-License-Identifier: Apache-2.0
#include "cloud/name_look_up.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <cstring>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "cloud/bell.hpp"
#include "core/owned.hpp"

namespace fleetline::cloud {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

/// Whoever waits; lives in its coroutine.
struct waiting {
    explicit waiting(const asio::any_io_executor& in) : executor(in), rung(in) {}
    asio::any_io_executor executor;
    bell rung;
    bool done = false;
    looked_up result;
};

/// Between the two threads; outlives both ends.
struct desk {
    std::mutex lock;
    waiting* who = nullptr;  ///< null: gone
};

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

void hand_over(const std::shared_ptr<desk>& over, looked_up found) {
    // The lock keeps whoever waits, and with it the io_context, until this has been posted.
    const std::lock_guard guard(over->lock);
    if (over->who == nullptr) return;
    asio::post(over->who->executor, [over, found = std::move(found)]() mutable {
        if (over->who == nullptr) return;
        over->who->result = std::move(found);
        over->who->done = true;
        over->who->rung.ring();
    });
}

}  // namespace

asio::awaitable<looked_up> look_up_name(std::string host, std::string port) {
    const auto executor = co_await asio::this_coro::executor;
    waiting here(executor);
    const auto over = std::make_shared<desk>();
    over->who = &here;
    struct going {
        desk& from;
        ~going() {
            const std::lock_guard guard(from.lock);
            from.who = nullptr;
        }
    } guard{*over};
    try {
        std::thread([over, host = std::move(host), port = std::move(port)] {
            hand_over(over, ask(host, port));
        }).detach();
    } catch (const std::system_error& error) {
        here.result.why_not = error.what();
        co_return std::move(here.result);
    }
    while (!here.done) co_await here.rung.wait();
    co_return std::move(here.result);
}

}  // namespace fleetline::cloud
