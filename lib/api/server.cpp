// SPDX-License-Identifier: Apache-2.0
#include "api/server.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <new>
#include <optional>

#include "api/listener.hpp"
#include "api/live_feed.hpp"
#include "api/metrics.hpp"
#include "api/service.hpp"
#include "core/failure.hpp"
#include "core/within.hpp"
#include "x509/library.hpp"

namespace fleetline::api {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

/// Null if there are no TLS files. Throws failure(station-configuration).
std::unique_ptr<asio::ssl::context> make_tls(const settings& wanted) {
    if (wanted.tls_certificate_file.empty()) return nullptr;
    SSL_CTX* const made = SSL_CTX_new_ex(x509::library_context(), nullptr, TLS_server_method());
    if (made == nullptr) throw std::bad_alloc();
    auto context = std::make_unique<asio::ssl::context>(made);
    try {
        context->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                             asio::ssl::context::no_tlsv1_1 | asio::ssl::context::no_compression);
        context->use_certificate_chain_file(wanted.tls_certificate_file.string());
        context->use_private_key_file(wanted.tls_key_file.string(), asio::ssl::context::pem);
    } catch (const boost::system::system_error& why) {
        throw failure("station-configuration", "Reading the TLS certificate and key of [api]",
                      wanted.tls_certificate_file.string(), why.code().message());
    }
    return context;
}

}  // namespace

class server::impl {
  public:
    impl(settings wanted, const asio::any_io_executor& executor, providers station, const logger& log)
        : tls_(make_tls(wanted)),
          service_(std::move(wanted), std::move(station), log),
          dirty_timer_(executor, asio::steady_timer::time_point::max()) {
        if (!service_.wanted.socket.empty()) open_unix_socket(executor);
        if (!service_.wanted.listen.empty()) open_tcp(executor, log);
    }

    ~impl() { remove_socket_file(service_.wanted.socket, inode_); }
    impl(const impl&) = delete;
    impl& operator=(const impl&) = delete;

    asio::awaitable<void> run() {
        using namespace asio::experimental::awaitable_operators;
        const auto outcome = co_await settle(accept(unix_) && accept(tcp_) && publish());
        // Cancelled or broken: the connections still have to end before this may.
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
        service_.stopping->store(true);
        if (unix_) co_await unix_->close();
        if (tcp_) co_await tcp_->close();
        remove_socket_file(service_.wanted.socket, inode_);
        if (outcome.error) std::rethrow_exception(outcome.error);
    }

    void changed() {
        if (dirty_) return;
        dirty_ = true;
        dirty_timer_.cancel();
    }

    metrics& counts() { return *service_.counts; }
    std::uint16_t port() const { return port_; }

  private:
    void open_unix_socket(const asio::any_io_executor& executor) {
        const auto group = group_by_name(service_.wanted.socket_group);
        auto socket = listen_on_unix_socket(service_.wanted.socket, group);
        inode_ = inode_of(service_.wanted.socket);
        unix_.emplace(service_, executor, std::move(socket), peer{}, group, nullptr);
    }

    void open_tcp(const asio::any_io_executor& executor, const logger& log) {
        auto [socket, loopback, port, is_here] = listen_on_tcp(service_.wanted.listen);
        if (!loopback && !tls_)
            throw failure("station-configuration", "Listening for the page", service_.wanted.listen,
                          "an address other than loopback needs tls_certificate_file and tls_key_file");
        if (!is_here)
            log.warning("The page is served at " + service_.wanted.listen +
                        " once this machine has that address; it has not now");
        port_ = port;
        peer origin;
        origin.by = loopback ? peer::way::loopback : peer::way::tls;
        origin.port = port;
        tcp_.emplace(service_, executor, std::move(socket), origin, std::nullopt, tls_.get());
    }

    static asio::awaitable<void> accept(std::optional<listener>& from) {
        if (from) co_await from->run();
    }

    /// Many changes in a row are one message; the first one goes out at once.
    asio::awaitable<void> publish() {
        error_code ignored;
        for (;;) {
            if (!dirty_) {
                dirty_timer_.expires_at(asio::steady_timer::time_point::max());
                co_await dirty_timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
                const auto state = co_await asio::this_coro::cancellation_state;
                if (state.cancelled() != asio::cancellation_type::none) co_return;
                continue;
            }
            dirty_ = false;
            // With nobody watching there is nothing to do: the next page to come gets all of it at once.
            if (service_.feed->pages() != 0) service_.refresh_feed();
            asio::steady_timer pause{dirty_timer_.get_executor(), service_.wanted.limit.live_pause};
            co_await pause.async_wait(asio::use_awaitable);
        }
    }

    std::unique_ptr<asio::ssl::context> tls_;
    service service_;
    asio::steady_timer dirty_timer_;
    bool dirty_ = false;
    ino_t inode_ = 0;
    std::uint16_t port_ = 0;
    std::optional<listener> unix_;
    std::optional<listener> tcp_;
};

server::server(settings wanted, const asio::any_io_executor& executor, providers station, const logger& log)
    : impl_(std::make_shared<impl>(std::move(wanted), executor, std::move(station), log)) {}

server::~server() = default;

asio::awaitable<void> server::run() {
    return impl_->run();
}

void server::changed() {
    impl_->changed();
}

void server::step_took(station::step which, milliseconds duration) {
    impl_->counts().step_took(which, duration);
}

void server::commit_took(milliseconds duration, std::int64_t events) {
    impl_->counts().commit_took(duration, events);
}

std::uint16_t server::port() const {
    return impl_->port();
}

}  // namespace fleetline::api
