// SPDX-License-Identifier: Apache-2.0
// What only the running daemon can do, asked of its API: the request, and its refusal in the operator's
// words. For .cpp files only: it pulls in nlohmann. One thread.
#pragma once

#include <string>
#include <string_view>

#include "cli/command.hpp"
#include "cli/json_view.hpp"

namespace fleetline::cli {

/// POSTs and answers the daemon's document. Throws command_error: daemon needed (3), not permitted (4), or
/// no (1) with the refusal's words and next action.
json ask_daemon(surroundings& here, std::string_view target, const std::string& body, std::string_view type);

/// The same of a document. What is not UTF-8 in it is wrong usage (2): nothing is recorded in other words.
json ask_daemon(surroundings& here, std::string_view target, const json& body);

/// For a name in a request's path.
std::string percent_encoded(std::string_view text);

/// Prints the daemon's document with --json, else `words`.
exit_status say_done(surroundings& here, const json& answer, const std::string& words);

}  // namespace fleetline::cli
