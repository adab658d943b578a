// SPDX-License-Identifier: Apache-2.0
// Refusals as RFC 9457 problem documents: status, failure code, the catalogue's words and next action. Not
// included outside lib/api.
#pragma once

#include <string>
#include <string_view>

#include "api/exchange.hpp"
#include "core/failure.hpp"
#include "core/logger.hpp"

namespace fleetline::api {

/// The HTTP status that goes with a failure code.
int status_of(std::string_view code);

/// `detail` is shown to the client.
response problem(std::string_view code, std::string_view detail);
response problem(const failure& why);

/// For what came out of a handler: a failure tells its reason, anything else only says station-internal and
/// goes to the log.
response problem_of(std::exception_ptr error, const std::string& path, const logger& log);

}  // namespace fleetline::api
