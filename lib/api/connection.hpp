// SPDX-License-Identifier: Apache-2.0
// One client's connection: requests in turn, each within its limits, until it ends. Made by the server for
// each accepted socket; io_context thread. Not included outside lib/api.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>

#include "api/exchange.hpp"
#include "api/service.hpp"

namespace boost::asio::ssl {
class context;
}

namespace fleetline::api {

class connection {
  public:
    virtual ~connection() = default;

    /// Ends when the connection does; never throws.
    virtual boost::asio::awaitable<void> serve() = 0;

    /// Breaks it off: serve() ends soon.
    virtual void close() = 0;
};

/// `socket` is a connected descriptor, taken over. `tls` is null for a plain one; both it and `here` outlive
/// the connection.
std::shared_ptr<connection> make_connection(service& here, const boost::asio::any_io_executor& executor,
                                            int family, int socket, peer from,
                                            boost::asio::ssl::context* tls);

}  // namespace fleetline::api
