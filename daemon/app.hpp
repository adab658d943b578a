// SPDX-License-Identifier: Apache-2.0
// The one place where the real parts are built and joined. Owned by main; everything in it lives on the
// io_context thread, but for the threads that the ledger, Paho and the API keep to themselves.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>

#include "config/settings.hpp"
#include "core/logger.hpp"

namespace fleetline::daemon {

class app {
  public:
    /// Opens the ledger, reads the claim and the boards' CA, listens on the API socket. Throws a failure
    /// (station-…).
    app(config::settings settings, const boost::asio::any_io_executor& executor, const logger& log);
    ~app();
    app(const app&) = delete;
    app& operator=(const app&) = delete;

    /// Runs until stop(), or until a part ends that must not; throws what ended it.
    boost::asio::awaitable<void> run();

    /// Attempts under way reach a safe point, then run() returns.
    void stop();

    /// Claim files were replaced: the session takes them at its next turn, without losing a board.
    void reload();

  private:
    struct parts;
    std::unique_ptr<parts> parts_;
};

}  // namespace fleetline::daemon
