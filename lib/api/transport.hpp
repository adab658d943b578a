// SPDX-License-Identifier: Apache-2.0
// One byte stream for all connections (Unix, TCP, TLS), so that Beast is instantiated once.
// Not included outside the two Beast sources of lib/api.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/teardown.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "api/exchange.hpp"

namespace fleetline::api {

class service;

/// A handle: copies are the same stream.
class transport {
  public:
    using lower = boost::beast::basic_stream<boost::asio::generic::stream_protocol>;
    using executor_type = lower::executor_type;

    transport(lower::socket_type socket, boost::asio::ssl::context* tls)
        : parts_(std::make_shared<parts>(std::move(socket), tls)) {}

    executor_type get_executor() const { return parts_->plain.get_executor(); }

    /// Deadlines and close() are this one's.
    lower& lowest() const { return parts_->plain; }
    bool encrypted() const { return parts_->secure.has_value(); }
    boost::asio::ssl::stream<lower&>& secure() const { return *parts_->secure; }

    template <class Buffers, class Token>
    auto async_read_some(const Buffers& buffers, Token&& token) {
        return parts_->secure ? parts_->secure->async_read_some(buffers, std::forward<Token>(token))
                              : parts_->plain.async_read_some(buffers, std::forward<Token>(token));
    }
    template <class Buffers, class Token>
    auto async_write_some(const Buffers& buffers, Token&& token) {
        return parts_->secure ? parts_->secure->async_write_some(buffers, std::forward<Token>(token))
                              : parts_->plain.async_write_some(buffers, std::forward<Token>(token));
    }

    friend void beast_close_socket(const transport& stream) { stream.lowest().close(); }
    friend void teardown(boost::beast::role_type, transport& stream, boost::system::error_code& error) {
        error = {};
        stream.lowest().close();
    }
    template <class Handler>
    friend void async_teardown(boost::beast::role_type role, transport& stream, Handler&& done) {
        // The close frames were exchanged, which is all the goodbye a page needs.
        using boost::beast::websocket::async_teardown;
        async_teardown(role, stream.lowest().socket(), std::forward<Handler>(done));
    }

  private:
    struct parts {
        parts(lower::socket_type socket, boost::asio::ssl::context* tls) : plain(std::move(socket)) {
            if (tls != nullptr) secure.emplace(plain, *tls);
        }
        lower plain;
        std::optional<boost::asio::ssl::stream<lower&>> secure;
    };
    std::shared_ptr<parts> parts_;
};

using plain_request = boost::beast::http::request<boost::beast::http::string_body>;

/// Speaks WebSocket until the page goes, or is too slow, or its token is revoked. `asked` is the upgrade
/// request, `what` the same as it was admitted.
boost::asio::awaitable<void> serve_live(service& here, transport stream, plain_request asked, request what);

}  // namespace fleetline::api
