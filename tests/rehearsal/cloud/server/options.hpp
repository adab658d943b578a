// SPDX-License-Identifier: Apache-2.0
// What the command line says. Plain data.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace fleetline::rehearsal {

struct options {
    std::filesystem::path folder;
    std::uint16_t port = 0;       // 0: a free one
    std::uint16_t http_port = 0;  // 0: a free one
    std::int64_t rtt_ms = 0;      // 0: no proxy in front
    std::int64_t token_lifetime_s = 3600;
    std::int64_t claim_lifetime_s = 300;  // of provisioning claims
    std::string template_name = "fleetline-rehearsal";
    std::string region = "ap-northeast-1";
    std::filesystem::path log_file;   // empty: stderr
    std::vector<std::string> limits;  // NAME=VALUE
};

}  // namespace fleetline::rehearsal
