// SPDX-License-Identifier: Apache-2.0
// The cloud's "no": what a device reads on a /rejected topic. Thrown by the pure parts and by the operations,
// caught where the answer is made. The table of codes, and which of them are AWS's, is in README.md.
#pragma once

#include <stdexcept>
#include <string>

namespace fleetline::rehearsal {

class refusal : public std::runtime_error {
  public:
    refusal(int status, std::string code, const std::string& message)
        : std::runtime_error(message), status_(status), code_(std::move(code)) {}

    // The HTTP-like number of the answer.
    int status() const { return status_; }
    // The word a program reads, e.g. InvalidParameters.
    const std::string& code() const { return code_; }

  private:
    int status_;
    std::string code_;
};

inline refusal invalid_parameters(const std::string& message) {
    return refusal{400, "InvalidParameters", message};
}

}  // namespace fleetline::rehearsal
