// SPDX-License-Identifier: Apache-2.0
// The checks of `fleetline doctor`: everything a first day can get wrong, each with a remedy. They look, and
// change nothing. One thread; those of the network block for some seconds at most.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/command.hpp"

namespace fleetline::cli {

enum class health { good, doubtful, bad };

struct finding {
    std::string what;  ///< was looked at: "ledger"
    health state = health::good;
    std::string text;    ///< what was found
    std::string remedy;  ///< what to do; empty when it is good
    std::string code;    ///< failure code, where there is one
};

using findings = std::vector<finding>;

void check_clock(surroundings& here, findings& into);
void check_ledger(surroundings& here, findings& into);
void check_backup(surroundings& here, findings& into);
void check_ports(surroundings& here, findings& into);
void check_interference(surroundings& here, findings& into);
void check_cloud(surroundings& here, findings& into);

/// What an engineer does about a failure code.
std::string_view remedy_for(std::string_view code);

}  // namespace fleetline::cli
