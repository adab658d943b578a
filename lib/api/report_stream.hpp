// SPDX-License-Identifier: Apache-2.0
// A report that is written while it is sent: a pool thread writes into a pipe, the connection reads from it.
// A slow client makes the writer wait in the pipe, nothing is kept. Made by the report's handler; read on the
// io_context thread. Not included outside lib/api.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "api/exchange.hpp"
#include "api/ledger_pool.hpp"
#include "core/time.hpp"
#include "ledger/reader.hpp"

namespace fleetline::api {

enum class report_format { csv, jsonl, xlsx, pdf };

struct report_wish {
    report_format format = report_format::csv;
    ledger::filter rows;
    std::string station;  ///< whose report it is
};

/// Why a report may end early: a workbook says nothing before its last row, so that no write tells its
/// writer.
struct report_end {
    std::shared_ptr<std::atomic<bool>> stopping;
    std::function<bool()> gone;  ///< the client has; asked on the writer's thread; empty: never
};

/// Resumes when its first piece is there, so that a ledger that cannot be read is told as such. `running` is
/// held until both ends are through; the report breaks off soon after `over` says so. The stream throws
/// when the report breaks off later, or is not taken within `patience`.
boost::asio::awaitable<std::unique_ptr<body_source>> stream_report(ledger_pool& pool, report_wish wish,
                                                                   std::shared_ptr<void> running,
                                                                   report_end over, milliseconds patience);

}  // namespace fleetline::api
