// SPDX-License-Identifier: Apache-2.0
// Runs a program to its end or to a time limit, with given input, arguments and environment and nothing else
// inherited. Blocks; any thread. Throws std::runtime_error if the program cannot be started at all.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace fleetline::rehearsal::child_process {

struct order {
    std::vector<std::string> arguments;  // the program's path first
    std::vector<std::string> environment;
    std::string input;
    std::chrono::milliseconds limit{5000};
};

struct outcome {
    int status = -1;  // exit status, or minus the signal that ended it
    bool timed_out = false;
    std::string output;  // at most 256 KiB; more counts as failed
    std::string errors;  // the first 64 KiB
};

outcome run(const order& what);

}  // namespace fleetline::rehearsal::child_process
