// SPDX-License-Identifier: Apache-2.0
#include "connect_proxy.hpp"

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <mutex>
#include <thread>

#include "core/encoding.hpp"

namespace fleetline::tests {

namespace asio = boost::asio;
using asio::ip::tcp;

struct connect_proxy::running {
    std::string wanted;  ///< of whoever comes, in base64; empty: nothing is
    asio::io_context io{1};
    tcp::acceptor door{io, {asio::ip::make_address("127.0.0.1"), 0}};
    mutable std::mutex lock;
    std::vector<std::string> requests;
    std::thread thread;

    asio::awaitable<void> accept();
    asio::awaitable<void> serve(tcp::socket from);
};

namespace {

asio::awaitable<void> pump(tcp::socket& from, tcp::socket& to) {
    std::array<char, 4096> room;
    try {
        for (;;) {
            const auto size = co_await from.async_read_some(asio::buffer(room), asio::use_awaitable);
            co_await asio::async_write(to, asio::buffer(room, size), asio::use_awaitable);
        }
    } catch (const boost::system::system_error&) {
        // One side has closed; the other is closed for it.
    }
    boost::system::error_code ignored;
    to.close(ignored);
    from.close(ignored);
}

}  // namespace

asio::awaitable<void> connect_proxy::running::accept() {
    for (;;) {
        auto socket = co_await door.async_accept(asio::use_awaitable);
        asio::co_spawn(io, serve(std::move(socket)), [](std::exception_ptr) {});  // it went away
    }
}

asio::awaitable<void> connect_proxy::running::serve(tcp::socket from) {
    using namespace asio::experimental::awaitable_operators;
    std::string request;
    auto room = asio::dynamic_buffer(request, 8192);
    co_await asio::async_read_until(from, room, "\r\n\r\n", asio::use_awaitable);
    const auto first = request.substr(0, request.find('\r'));
    {
        const std::lock_guard guard(lock);
        requests.push_back(first);
    }
    std::string answer = "HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n";
    const bool let_in =
        wanted.empty() || request.find("uthorization: Basic " + wanted + "\r\n") != std::string::npos;
    if (!let_in) answer = "HTTP/1.1 407 Who are you\r\nProxy-Authenticate: Basic\r\n\r\n";
    tcp::socket to(io);
    if (let_in) {
        const auto colon = first.rfind(':');
        const auto port = static_cast<std::uint16_t>(std::stoi(first.substr(colon + 1)));
        const tcp::endpoint place(asio::ip::make_address("127.0.0.1"), port);
        co_await to.async_connect(place, asio::use_awaitable);
    }
    co_await asio::async_write(from, asio::buffer(answer), asio::use_awaitable);
    if (let_in) co_await (pump(from, to) && pump(to, from));
}

connect_proxy::connect_proxy(std::string credentials) : running_(std::make_unique<running>()) {
    auto& here = *running_;
    here.wanted = to_base64(credentials);
    asio::co_spawn(here.io, here.accept(), asio::detached);
    here.thread = std::thread([&here] { here.io.run(); });
}

connect_proxy::~connect_proxy() {
    running_->io.stop();
    running_->thread.join();
}

std::uint16_t connect_proxy::port() const {
    return running_->door.local_endpoint().port();
}

std::vector<std::string> connect_proxy::requests() const {
    const std::lock_guard guard(running_->lock);
    return running_->requests;
}

}  // namespace fleetline::tests
