// SPDX-License-Identifier: Apache-2.0
// One listening socket and its connections: accepts up to a limit, turns away what is beyond. Owned by the
// server; io_context thread. Not included outside lib/api.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>

#include "api/service.hpp"
#include "api/sockets.hpp"

namespace boost::asio::ssl {
class context;
}

namespace fleetline::api {

class listener {
  public:
    /// `origin` is what every peer has in common; a Unix peer's credentials are asked for each.
    listener(service& here, const boost::asio::any_io_executor& executor, descriptor socket, peer origin,
             std::optional<gid_t> group, boost::asio::ssl::context* tls);
    ~listener();
    listener(const listener&) = delete;
    listener& operator=(const listener&) = delete;

    /// Accepts until cancelled or closed.
    boost::asio::awaitable<void> run();

    /// Breaks every connection off, and resumes when they have ended.
    boost::asio::awaitable<void> close();

  private:
    class impl;
    std::shared_ptr<impl> impl_;
};

}  // namespace fleetline::api
