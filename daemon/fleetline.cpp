// SPDX-License-Identifier: Apache-2.0
// fleetline: the operator CLI.
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <iostream>

#include "cli/run.hpp"

int main(int argc, char** argv) {
    // A reader that has seen enough (| head) ends us quietly, whatever our parent did with the signal.
    std::signal(SIGPIPE, SIG_DFL);
    auto standard_output = fleetline::report::output::to_descriptor(STDOUT_FILENO, "standard output");
    auto out = fleetline::cli::screen::standard(standard_output, STDOUT_FILENO);
    const auto now = std::chrono::floor<fleetline::milliseconds>(std::chrono::system_clock::now());
    return fleetline::cli::run({argv + 1, argv + argc}, out, std::cerr, now);
}
