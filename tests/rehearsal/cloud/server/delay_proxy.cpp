// SPDX-License-Identifier: Apache-2.0
#include "server/delay_proxy.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <deque>
#include <string>

namespace fleetline::rehearsal {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using clock = std::chrono::steady_clock;
using std::chrono::microseconds;

constexpr std::size_t chunk_size = 16384;
constexpr std::size_t max_queued = 256;  // chunks under way in one direction; then the sender has to wait

// One direction of one connection.
struct pipe {
    struct chunk {
        clock::time_point due;
        std::string bytes;  // empty: the sender closed
    };
    explicit pipe(const asio::any_io_executor& executor) : filled(executor), drained(executor) {}
    std::deque<chunk> chunks;
    asio::steady_timer filled;   // cancelled when something was put in
    asio::steady_timer drained;  // cancelled when something was taken out
};

struct connection {
    explicit connection(tcp::socket accepted)
        : client(std::move(accepted)),
          broker(client.get_executor()),
          to_broker(client.get_executor()),
          to_client(client.get_executor()),
          began(clock::now()) {}
    void close() {
        boost::system::error_code ignored;
        client.close(ignored);
        broker.close(ignored);
        to_broker.filled.cancel();
        to_client.filled.cancel();
        to_broker.drained.cancel();
        to_client.drained.cancel();
    }
    tcp::socket client;
    tcp::socket broker;
    pipe to_broker;
    pipe to_client;
    clock::time_point began;
};

asio::awaitable<void> wait_for(asio::steady_timer& signal) {
    signal.expires_at(clock::time_point::max());
    boost::system::error_code woken;
    co_await signal.async_wait(asio::redirect_error(asio::use_awaitable, woken));
}

asio::awaitable<void> read_into(std::shared_ptr<connection> line, tcp::socket& from, pipe& into,
                                microseconds delay) {
    // What is sent during the handshake's round trip arrives as if sent after it.
    const clock::time_point earliest = line->began + 2 * delay;
    std::array<char, chunk_size> buffer{};
    while (from.is_open()) {
        while (into.chunks.size() >= max_queued && from.is_open()) co_await wait_for(into.drained);
        boost::system::error_code error;
        const std::size_t length = co_await from.async_read_some(
            asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, error));
        into.chunks.push_back({std::max(clock::now(), earliest) + delay, std::string(buffer.data(), length)});
        into.filled.cancel();
        if (error) co_return;
    }
}

asio::awaitable<void> write_from(std::shared_ptr<connection> line, pipe& from, tcp::socket& to) {
    asio::steady_timer due{to.get_executor()};
    while (line->client.is_open()) {
        if (from.chunks.empty()) {
            co_await wait_for(from.filled);
            continue;
        }
        boost::system::error_code error;
        due.expires_at(from.chunks.front().due);
        co_await due.async_wait(asio::redirect_error(asio::use_awaitable, error));
        if (from.chunks.empty()) continue;
        const std::string bytes = std::move(from.chunks.front().bytes);
        from.chunks.pop_front();
        from.drained.cancel();
        if (bytes.empty()) break;  // an end of one side is an end of both, as with TLS
        co_await asio::async_write(to, asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, error));
        if (error) break;
    }
    line->close();
}

}  // namespace

struct delay_proxy::state : std::enable_shared_from_this<state> {
    state(asio::io_context& loop_, std::uint16_t broker_port_, microseconds one_way_)
        : loop(loop_), broker_port(broker_port_), one_way(one_way_) {}

    void listen();
    void stop();
    asio::awaitable<void> accept_all(std::size_t index);
    asio::awaitable<void> serve(std::shared_ptr<connection> line);

    asio::io_context& loop;
    std::uint16_t broker_port;
    microseconds one_way;
    std::uint16_t port = 0;
    std::vector<std::shared_ptr<tcp::acceptor>> acceptors;
    std::vector<std::weak_ptr<connection>> connections;
};

void delay_proxy::state::listen() {
    const auto open = [this](const tcp::endpoint& endpoint) {
        auto acceptor = std::make_shared<tcp::acceptor>(loop, endpoint);
        port = acceptor->local_endpoint().port();
        acceptors.push_back(std::move(acceptor));
    };
    open({asio::ip::address_v4::loopback(), port});
    try {
        open({asio::ip::address_v6::loopback(), port});
    } catch (const boost::system::system_error&) {  // no IPv6 here
    }
    for (std::size_t i = 0; i < acceptors.size(); ++i) {
        asio::co_spawn(
            loop, [self = shared_from_this(), i] { return self->accept_all(i); }, asio::detached);
    }
}

void delay_proxy::state::stop() {
    boost::system::error_code ignored;
    for (const auto& acceptor : acceptors) acceptor->close(ignored);
    acceptors.clear();
    for (const auto& weak : connections) {
        if (const auto line = weak.lock()) line->close();
    }
    connections.clear();
}

asio::awaitable<void> delay_proxy::state::accept_all(std::size_t index) {
    const auto self = shared_from_this();
    const auto acceptor = acceptors[index];
    while (acceptor->is_open()) {
        boost::system::error_code error;
        tcp::socket accepted =
            co_await acceptor->async_accept(asio::redirect_error(asio::use_awaitable, error));
        if (error) continue;
        auto line = std::make_shared<connection>(std::move(accepted));
        std::erase_if(connections, [](const auto& weak) { return weak.expired(); });
        connections.push_back(line);
        asio::co_spawn(
            loop, [self, line] { return self->serve(line); }, asio::detached);
    }
}

asio::awaitable<void> delay_proxy::state::serve(std::shared_ptr<connection> line) {
    boost::system::error_code error;
    co_await line->broker.async_connect({asio::ip::address_v4::loopback(), broker_port},
                                        asio::redirect_error(asio::use_awaitable, error));
    if (error || !line->client.is_open()) {
        line->close();
        co_return;
    }
    line->client.set_option(tcp::no_delay{true}, error);
    line->broker.set_option(tcp::no_delay{true}, error);
    asio::co_spawn(loop, read_into(line, line->client, line->to_broker, one_way), asio::detached);
    asio::co_spawn(loop, read_into(line, line->broker, line->to_client, one_way), asio::detached);
    asio::co_spawn(loop, write_from(line, line->to_broker, line->broker), asio::detached);
    asio::co_spawn(loop, write_from(line, line->to_client, line->client), asio::detached);
}

delay_proxy::delay_proxy(asio::io_context& loop, std::uint16_t port, std::uint16_t broker_port,
                         std::int64_t rtt_ms)
    : state_(std::make_shared<state>(loop, broker_port, microseconds{rtt_ms * 500})) {
    state_->port = port;
    state_->listen();
}

delay_proxy::~delay_proxy() {
    state_->stop();
}

std::uint16_t delay_proxy::port() const {
    return state_->port;
}
void delay_proxy::refuse() {
    state_->stop();
}
void delay_proxy::accept() {
    if (state_->acceptors.empty()) state_->listen();
}

}  // namespace fleetline::rehearsal
