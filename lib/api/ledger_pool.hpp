// SPDX-License-Identifier: Apache-2.0
// Work that must not hold up the io_context thread: ledger questions, each with a read-only connection of its
// own, and look-ups that may go to the network (user names). Owned by the server; asked from the io_context
// thread, which is where the askers resume.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>

#include "ledger/reader.hpp"

namespace fleetline::api {

class ledger_pool {
  public:
    ledger_pool(std::filesystem::path ledger_file, std::size_t queue_limit);
    ~ledger_pool();  ///< waits for what runs
    ledger_pool(const ledger_pool&) = delete;
    ledger_pool& operator=(const ledger_pool&) = delete;

    /// Runs `job` on a thread of the pool and resumes when it has ended; what it throws comes through. Cannot
    /// be cancelled, so that `job` may use the caller's frame. Throws failure(station-request-too-many) when too much
    /// waits already.
    boost::asio::awaitable<void> ask(std::function<void(const ledger::reader&)> job);

    /// As ask, without a ledger.
    boost::asio::awaitable<void> run(std::function<void()> job);

    /// Jobs of ask and run that have not ended.
    std::size_t waiting() const;

    /// Starts `job` on a thread that long work shares (reports); it must end by itself soon after the pool is
    /// to be destroyed. `done` is called on that thread at its end with what it threw.
    void start(std::function<void(const ledger::reader&)> job, std::function<void(std::exception_ptr)> done);

  private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace fleetline::api
