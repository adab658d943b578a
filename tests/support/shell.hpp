// SPDX-License-Identifier: Apache-2.0
// Runs a command line as a person would and keeps what it said.
#pragma once

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <stdexcept>
#include <string>

namespace fleetline::test {

struct said {
    int status = 0;  ///< exit status, or 128 + the signal that ended it
    std::string text;
};

inline said shell(const std::string& line) {
    std::FILE* pipe = ::popen(line.c_str(), "r");
    if (pipe == nullptr) throw std::runtime_error("cannot run: " + line);
    said result;
    std::array<char, 4096> piece{};
    for (std::size_t got = 0; (got = std::fread(piece.data(), 1, piece.size(), pipe)) > 0;)
        result.text.append(piece.data(), got);
    const int status = ::pclose(pipe);
    result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return result;
}

}  // namespace fleetline::test
