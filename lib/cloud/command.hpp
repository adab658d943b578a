// SPDX-License-Identifier: Apache-2.0
// Runs a program and reads what it prints. io_context thread; nothing blocks.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "core/secret.hpp"
#include "core/time_source.hpp"

namespace fleetline::cloud {

struct command_result {
    bool ended = false;     ///< in time
    int status = -1;        ///< exit status, or 128 + signal
    secret output;          ///< standard output, at most 64 KiB
    std::string complaint;  ///< standard error's beginning, or why it could not be started
};

/// No shell; the environment is ours, with the proxies that were put aside. After `limit` the program and its
/// children are killed.
boost::asio::awaitable<command_result> run_command(time_source& time, std::vector<std::string> words,
                                                   milliseconds limit);

}  // namespace fleetline::cloud
