// SPDX-License-Identifier: Apache-2.0
#include "api/listener.hpp"

#include <sys/socket.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <set>

#include "api/connection.hpp"
#include "api/metrics.hpp"
#include "api/problem.hpp"

namespace fleetline::api {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr milliseconds no_descriptors_pause{200};

int family_of(const peer& origin, int socket) {
    if (origin.by == peer::way::unix_socket) return AF_UNIX;
    sockaddr_storage bound{};
    socklen_t length = sizeof bound;
    ::getsockname(socket, reinterpret_cast<sockaddr*>(&bound), &length);
    return bound.ss_family;
}

}  // namespace

class listener::impl : public std::enable_shared_from_this<impl> {
  public:
    impl(service& service_here, const asio::any_io_executor& executor, descriptor socket, peer origin,
         std::optional<gid_t> group, asio::ssl::context* tls)
        : here(service_here),
          acceptor(executor),
          family(family_of(origin, socket.get())),
          origin_(origin),
          group_(group),
          tls_(tls),
          ended_(executor, asio::steady_timer::time_point::max()) {
        acceptor.assign(asio::generic::stream_protocol(family, 0), socket.release());
    }

    asio::awaitable<void> run() {
        while (acceptor.is_open()) {
            error_code error;
            auto socket = co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
            if (error == asio::error::operation_aborted) co_return;
            if (error == asio::error::no_descriptors || error == asio::error::no_buffer_space ||
                error == asio::error::no_memory) {
                co_await catch_breath(error);
            } else if (!error) {
                take(std::move(socket));
            }
        }
    }

    asio::awaitable<void> close() {
        error_code ignored;
        acceptor.close(ignored);
        for (const auto& one : open_) one->close();
        while (!open_.empty()) {
            ended_.expires_at(asio::steady_timer::time_point::max());
            co_await ended_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        }
    }

    service& here;
    asio::basic_socket_acceptor<asio::generic::stream_protocol> acceptor;
    int family;

  private:
    asio::awaitable<void> catch_breath(error_code why) {
        here.log.warning("The API cannot accept connections: " + why.message());
        asio::steady_timer timer{acceptor.get_executor(), no_descriptors_pause};
        co_await timer.async_wait(asio::use_awaitable);
    }

    void take(asio::generic::stream_protocol::socket socket) {
        if (open_.size() >= here.wanted.limit.connections) return turn_away(socket);
        peer from = origin_;
        if (from.by == peer::way::unix_socket) from = peer_of_unix_socket(socket.native_handle(), group_);
        auto one = make_connection(here, acceptor.get_executor(), family, socket.release(), from, tls_);
        open_.insert(one);
        ++here.now->connections;
        asio::co_spawn(
            acceptor.get_executor(), one->serve(),
            [self = shared_from_this(), one](const std::exception_ptr& error) { self->ended(one, error); });
    }

    /// One short answer that fits any socket's buffer; nobody waits for it to be read.
    void turn_away(asio::generic::stream_protocol::socket& socket) {
        ++here.now->connections_refused;
        if (tls_ != nullptr) return;
        const auto answer = problem("station-request-too-many", "too many connections are open");
        const auto bytes = head_text(answer, answer.body.size(), false, false, false) + answer.body;
        ::send(socket.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    }

    void ended(const std::shared_ptr<connection>& one, const std::exception_ptr& error) {
        if (error) problem_of(error, "a connection", here.log);
        open_.erase(one);
        --here.now->connections;
        if (open_.empty()) ended_.cancel();
    }

    peer origin_;
    std::optional<gid_t> group_;
    asio::ssl::context* tls_;
    std::set<std::shared_ptr<connection>> open_;
    asio::steady_timer ended_;
};

listener::listener(service& here, const asio::any_io_executor& executor, descriptor socket, peer origin,
                   std::optional<gid_t> group, asio::ssl::context* tls)
    : impl_(std::make_shared<impl>(here, executor, std::move(socket), origin, group, tls)) {}

listener::~listener() = default;

asio::awaitable<void> listener::run() {
    return impl_->run();
}

asio::awaitable<void> listener::close() {
    return impl_->close();
}

}  // namespace fleetline::api
