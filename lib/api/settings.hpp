// SPDX-License-Identifier: Apache-2.0
// How the API is to be served. Filled by the daemon's composition from [api] of the configuration; plain
// values.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "core/time.hpp"

namespace fleetline::api {

/// Nothing a client does makes the daemon hold more than this.
struct limits {
    std::size_t header_bytes = std::size_t{8} * 1024;
    std::size_t body_bytes = std::size_t{64} * 1024;
    std::size_t import_bytes = std::size_t{16} * 1024 * 1024;  ///< of an order's list of serial numbers
    std::size_t connections = 256;                             ///< of each socket
    std::size_t live = 96;                                     ///< pages with a live feed, all sockets
    std::size_t live_backlog = 64;   ///< messages that wait for one slow page before it is dropped
    std::size_t live_history = 512;  ///< changes kept for pages that come back
    std::size_t live_history_bytes = std::size_t{4} * 1024 * 1024;
    std::size_t ledger_queue = 64;          ///< ledger questions that wait
    std::size_t reports = 2;                ///< reports that are written at once
    std::size_t imports = 2;                ///< lists of serial numbers that are read at once
    milliseconds search_patience{10'000};   ///< for a list of boards or attempts to be found in the ledger
    milliseconds header_patience{10'000};   ///< for a whole request header, from its first byte
    milliseconds body_patience{60'000};     ///< for a whole body
    milliseconds write_patience{20'000};    ///< for a client to take each piece of an answer
    milliseconds report_patience{900'000};  ///< for a client to take a whole report
    milliseconds idle_patience{60'000};     ///< between two requests of a connection
    milliseconds live_pause{50};            ///< between two changes on the live feed, at least
    milliseconds live_ping{15'000};         ///< a page that answers nothing for twice this is dropped
};

struct settings {
    std::filesystem::path socket;  ///< Unix socket; empty: none
    std::string socket_group = "fleetline";
    std::string listen;  ///< "address:port" for TCP; empty: none
    std::filesystem::path tls_certificate_file;
    std::filesystem::path tls_key_file;
    std::filesystem::path ledger_file;
    std::filesystem::path token_file;      ///< hashed bearer tokens; empty: there are none
    std::filesystem::path page_directory;  ///< the page's files, read at the start; empty: no page
    limits limit;
};

}  // namespace fleetline::api
