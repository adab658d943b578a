// SPDX-License-Identifier: Apache-2.0
// The way to the cloud gone by hand, one step after the other, with the peer's certificate and alert in view:
// name, TCP, proxy, TLS. For the diagnosis and the check-up, one object a way. For .cpp files only (pulls in
// Asio's TLS). io_context thread; nothing blocks.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cloud/claim.hpp"
#include "cloud/settings.hpp"
#include "core/time_source.hpp"

namespace fleetline::cloud {

/// Who is spoken to first: the cloud, or the proxy.
struct place {
    std::string host;
    std::string port;
    bool proxy = false;
    std::string credentials;  ///< "user:password", for the proxy
    std::string text() const { return host + ":" + port; }
};

/// What the server's certificate was found to be while it was verified.
struct peer_check {
    int error = 0;
    std::string subject;
    std::string not_before;
    std::string not_after;
};

class examination {
  public:
    /// `settings` must outlive this.
    examination(boost::asio::any_io_executor executor, const session_settings& settings, time_source& time);

    using found = std::optional<trouble>;

    // In this order; each answers nullopt when it went well, and the next may be taken.
    found set_up();
    boost::asio::awaitable<found> look_up();
    boost::asio::awaitable<found> connect();
    boost::asio::awaitable<found> pass_proxy();  ///< nothing to do without one
    boost::asio::awaitable<found> shake_hands();
    boost::asio::awaitable<found> listen();  ///< TLS 1.3: a refused claim is told after the handshake

    const place& first_hop() const { return hop_; }
    /// Of the server, after shake_hands: its name and until when it is valid.
    std::string server() const;

  private:
    using tcp = boost::asio::ip::tcp;
    using error_code = boost::system::error_code;

    void set_names(SSL* ssl);
    boost::asio::awaitable<void> connect_to_any();
    boost::asio::awaitable<void> ask_proxy();
    boost::asio::awaitable<void> handshake();
    boost::asio::awaitable<void> read_something();

    const session_settings& settings_;
    time_source& time_;
    const place hop_;
    boost::asio::any_io_executor executor_;
    std::vector<tcp::endpoint> addresses_;
    boost::asio::ssl::context context_;
    std::optional<boost::asio::ssl::stream<tcp::socket>> stream_;
    peer_check peer_;
    error_code error_;
    std::string proxy_answer_;
};

}  // namespace fleetline::cloud
