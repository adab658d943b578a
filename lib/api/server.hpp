// SPDX-License-Identifier: Apache-2.0
// The station's HTTP API: HTTP/1.1 and WebSocket on a Unix socket and, if configured, on TCP. Owned by the
// daemon's composition; everything on the io_context thread, but for ledger questions, which go to a small
// thread pool of its own with its own read-only connections. `schema/openapi.yaml` describes what is served.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "api/providers.hpp"
#include "api/settings.hpp"
#include "core/logger.hpp"

namespace fleetline::api {

class server {
  public:
    /// Listens: a peer that connects from now on is served when run() runs. A stale socket file is replaced.
    /// Throws failure(station-api-socket) when another daemon answers there or it cannot be made,
    /// failure(station-api-listen) for TCP, failure(station-configuration) for TLS files, tokens, the page.
    server(settings wanted, const boost::asio::any_io_executor& executor, providers station,
           const logger& log);
    ~server();
    server(const server&) = delete;
    server& operator=(const server&) = delete;

    /// Serves until cancelled; then closes every connection and removes the socket file before it ends.
    boost::asio::awaitable<void> run();

    /// Something in the snapshot changed. Cheap: looked at once for many calls, and only if somebody watches.
    void changed();

    /// For /metrics.
    void step_took(station::step which, milliseconds duration);
    void commit_took(milliseconds duration, std::int64_t events);

    /// The TCP port listened on (for port 0 in the settings), 0 if there is none.
    std::uint16_t port() const;

  private:
    class impl;
    std::shared_ptr<impl> impl_;
};

}  // namespace fleetline::api
