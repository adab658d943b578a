// SPDX-License-Identifier: Apache-2.0
// The rehearsal cloud as a child process, with a switch for its faults. For the cloud tests; one thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "cloud/settings.hpp"
#include "workshop.hpp"

namespace fleetline::tests {

class rehearsal_cloud {
  public:
    explicit rehearsal_cloud(std::vector<std::string> options = {});
    ~rehearsal_cloud();
    rehearsal_cloud(const rehearsal_cloud&) = delete;
    rehearsal_cloud& operator=(const rehearsal_cloud&) = delete;

    cloud::session_settings settings() const;
    /// One fault, as its README has it.
    void fault(const std::string& json);
    void forget_faults();
    /// Instead of what its policy has said so far.
    void claim_may(const std::string& statements);

    scratch files;

  private:
    void request(const std::string& method, const std::string& target, const std::string& body);
    pid_t process_ = -1;
    std::uint16_t mqtt_port_ = 0;
    std::uint16_t http_port_ = 0;
};

}  // namespace fleetline::tests
