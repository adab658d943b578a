// SPDX-License-Identifier: Apache-2.0
// Asks the running daemon over its Unix socket: one small HTTP/1.1 request, blocking, with a deadline.
// Owned by a command; one thread.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "core/time.hpp"

namespace fleetline::cli {

struct api_answer {
    int status = 0;
    std::string body;
};

class api_client {
  public:
    explicit api_client(std::filesystem::path socket, milliseconds patience = milliseconds{5000})
        : socket_(std::move(socket)), patience_(patience) {}

    /// Nothing: the daemon does not listen there. Throws command_error: not permitted (4) to open the
    /// socket, or daemon needed (3) when it listens but does not answer sensibly in time.
    std::optional<api_answer> request(std::string_view method, std::string_view target,
                                      std::string_view body = {},
                                      std::string_view type = "application/json") const;

  private:
    std::filesystem::path socket_;
    milliseconds patience_;
};

}  // namespace fleetline::cli
