// SPDX-License-Identifier: Apache-2.0
// Runs a Lambda function's Python source as AWS would for a pre-provisioning hook: its own process, five
// seconds at most (or the function's own timeout), bounded memory. Blocks the calling thread; any thread.
#pragma once

#include <chrono>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "core/records.hpp"

namespace fleetline::rehearsal {

// What came of the run. `log` is what CloudWatch would have: the function's prints, and why it counts as
// failed.
struct hook_result {
    bool allowed = false;
    string_map overrides;
    std::string log;
};

class hook_runner {
  public:
    // `folder`: for the unpacked sources; made when needed.
    explicit hook_runner(std::filesystem::path folder,
                         std::chrono::milliseconds limit = std::chrono::seconds{5})
        : folder_(std::move(folder)), limit_(limit) {}

    hook_result run(const function_record& function, const nlohmann::json& event) const;
    // As above; a denial and every failure throw refusal 403 AccessDenied, which tells a device nothing.
    string_map ask(const function_record& function, const nlohmann::json& event) const;

  private:
    std::filesystem::path folder_;
    std::chrono::milliseconds limit_;
};

// What the function returned, judged. Pure.
hook_result judge_hook_answer(const std::string& answer);

}  // namespace fleetline::rehearsal
