// SPDX-License-Identifier: Apache-2.0
// The operator CLI from its arguments to its exit status. Used by main and, in one process, by the tests.
#pragma once

#include <string>
#include <vector>

#include "cli/screen.hpp"
#include "core/time.hpp"

namespace fleetline::cli {

/// `arguments` without the program's name. Answers the exit status; never throws.
int run(const std::vector<std::string>& arguments, screen& out, std::ostream& err, utc_time now);

}  // namespace fleetline::cli
