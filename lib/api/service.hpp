// SPDX-License-Identifier: Apache-2.0
// The server without its sockets: who may ask what, and the answer. Owned by the server's parts together;
// io_context thread. Not included outside lib/api.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <optional>
#include <string>

#include "api/exchange.hpp"
#include "api/ledger_pool.hpp"
#include "api/live_feed.hpp"
#include "api/metrics.hpp"
#include "api/providers.hpp"
#include "api/routes.hpp"
#include "api/settings.hpp"
#include "core/logger.hpp"

namespace fleetline::api {

/// What the header of a request led to.
struct ticket {
    std::optional<response> refusal;
    const route* where = nullptr;  ///< null and no refusal: a file of the page
    request what;
    std::size_t body_limit = 0;
};

class service {
  public:
    service(settings wanted, providers station, const logger& log);

    /// Before any of the body is read.
    ticket admit(const head& asked, const peer& from) const;

    /// Never throws. `asked` must outlive it.
    boost::asio::awaitable<response> answer(const ticket& asked);

    /// Counts an answer that goes out.
    void sent(const response& answer) { counts.answered(answer.status); }

    /// The name to record for what `by` does.
    boost::asio::awaitable<caller> resolved(caller by);

    const settings wanted;
    const providers station;
    const logger& log;
    ledger_pool pool;
    live_feed feed;
    metrics counts;
    traffic now;

  private:
    std::optional<caller> caller_of(const head& asked, const peer& from, bool& wrong_token) const;
    void route_to(ticket& result, const head& asked, const peer& from) const;
};

}  // namespace fleetline::api
