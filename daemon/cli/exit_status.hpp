// SPDX-License-Identifier: Apache-2.0
// The operator CLI's exit statuses (design section 6) and the error that carries one to main. Plain values.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace fleetline::cli {

enum class exit_status : int {
    yes = 0,
    no = 1,             ///< not found, or the check failed
    usage = 2,          ///< wrong usage or configuration
    daemon_needed = 3,  ///< and not reachable
    not_permitted = 4,
    ledger_unusable = 5,  ///< unreadable or broken
};

/// Ends the command with a message on standard error; `advice` says what to do about it.
class command_error : public std::runtime_error {
  public:
    command_error(exit_status status, const std::string& message, std::string advice = {})
        : std::runtime_error(message), status_(status), advice_(std::move(advice)) {}

    exit_status status() const noexcept { return status_; }
    const std::string& advice() const noexcept { return advice_; }

  private:
    exit_status status_;
    std::string advice_;
};

}  // namespace fleetline::cli
