// SPDX-License-Identifier: Apache-2.0
// What the API asks of the rest of the daemon. Made by the composition; called on the io_context thread. A
// function that is left empty answers 501. Actions resume when what they did is durable, and throw a
// `failure` when it cannot be done.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "api/role.hpp"
#include "core/names.hpp"
#include "station/status.hpp"

namespace fleetline::api {

struct order_opening {
    order_name order;
    product_name product;
    std::int64_t quota = 0;  ///< 0: no limit
    bool allow_list = false;
    std::string first_serial, last_serial;  ///< of the range it hands out; empty: none
};

/// A list of serial numbers as it was sent.
struct sent_list {
    std::string sha256;      ///< hex
    std::int64_t lines = 0;  ///< the last one counts with or without its end
};

/// What the session with the cloud has seen since the start; all only grow.
struct cloud_counters {
    std::int64_t connects = 0;
    std::int64_t connects_failed = 0;
    std::int64_t losses = 0;
    /// By request topic, then by what happened: "asked", "asked-again" …
    std::map<std::string, std::map<std::string, std::int64_t>> requests;
    /// As above, answers that were nobody's: "late", "duplicate" …
    std::map<std::string, std::map<std::string, std::int64_t>> strays;
};

/// What waits for the ledger's thread.
struct ledger_backlog {
    std::size_t queued = 0;  ///< events and questions
    std::size_t kept = 0;    ///< events that could not be written so far
};

struct providers {
    std::function<station::station_status()> snapshot;  ///< required
    std::function<cloud_counters()> cloud;  ///< for the metrics, which go without where it is empty

    std::function<ledger_backlog()> ledger;  ///< likewise

    /// A label was read. `slot` may be empty: the slot that waits for a scan. Answers the slot that took it;
    /// empty: it is kept for the next board.
    std::function<boost::asio::awaitable<slot_name>(serial_number serial, slot_name slot, caller by)> scan;

    /// Who works at the station from now on; empty: nobody in particular.
    std::function<boost::asio::awaitable<void>(std::string name, caller by)> sign_on;

    /// Try the board in this slot again, as if it were plugged now.
    std::function<boost::asio::awaitable<void>(slot_name slot, caller by)> retry;

    std::function<boost::asio::awaitable<void>(serial_number serial, std::string reason, caller by)> rework;

    std::function<boost::asio::awaitable<void>(order_opening wanted, caller by)> open_order;
    std::function<boost::asio::awaitable<void>(order_name order, caller by)> close_order;

    /// A report is being sent: the chain's head is signed, so that it covers all that the report names.
    /// Empty: it is not, and the report goes out all the same.
    std::function<boost::asio::awaitable<void>()> sign_head;

    /// All or nothing. The list was read and checked line by line already: no serial is in it twice.
    std::function<boost::asio::awaitable<void>(order_name order, std::vector<serial_number> serials,
                                               sent_list from, caller by)>
        import_serials;
};

}  // namespace fleetline::api
