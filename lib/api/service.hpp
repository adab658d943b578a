// SPDX-License-Identifier: Apache-2.0
// The server without its sockets: who may ask what, and the answer. Owned by the server's parts together;
// io_context thread. Not included outside lib/api. Its own parts are only named here: connections, which cost
// a compiler a minute, depend on this header.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "api/exchange.hpp"
#include "api/settings.hpp"
#include "core/logger.hpp"

namespace fleetline::api {

class ledger_pool;
class live_feed;
class metrics;
class page_files;
class token_store;
struct providers;
struct traffic;

class service {
  public:
    /// Throws failure(station-configuration) for the token file and the page's files.
    service(settings asked, providers from, const logger& log_to);
    ~service();
    service(const service&) = delete;
    service& operator=(const service&) = delete;

    /// Before any of the body is read.
    ticket admit(const head& asked, const peer& from);

    /// Never throws. `asked` must outlive it.
    boost::asio::awaitable<response> answer(const ticket& asked);

    /// Counts an answer that goes out.
    void sent(int status);

    /// The live feed has everything up to this moment.
    void refresh_feed();

    /// False when a token that was shown earlier has been revoked since.
    bool still_welcome(const caller& who);

    /// The name to record for what `by` does. May ask the network, off this thread.
    boost::asio::awaitable<caller> resolved(caller by);

    /// A place among the reports that are written at once; null: none is free.
    std::shared_ptr<void> begin_report() { return place(reports_, wanted.limit.reports); }

    /// Set when the server ends: long work that nobody will take breaks off.
    const std::shared_ptr<std::atomic<bool>> stopping = std::make_shared<std::atomic<bool>>(false);

    const settings wanted;
    const logger& log;
    const std::unique_ptr<const providers> station;
    const std::unique_ptr<live_feed> feed;
    const std::unique_ptr<metrics> counts;
    const std::unique_ptr<traffic> now;
    const std::unique_ptr<ledger_pool> pool;

  private:
    /// Nothing and `wrong`: a token was shown that is not good.
    std::optional<caller> caller_of(const head& asked, const peer& from, bool& wrong);
    std::optional<caller> caller_with(const std::string& authorization);
    void route_to(ticket& result, const head& asked, const peer& from);
    void take_body(ticket& result);

    /// Counts in `taken` until the last copy of what it answers is gone; any thread may drop it.
    static std::shared_ptr<void> place(const std::shared_ptr<std::atomic<std::size_t>>& taken,
                                       std::size_t limit);

    std::unique_ptr<token_store> tokens_;  ///< null: there are none
    std::unique_ptr<page_files> page_;
    std::shared_ptr<std::atomic<std::size_t>> reports_;
    std::shared_ptr<std::atomic<std::size_t>> imports_;
};

}  // namespace fleetline::api
