// SPDX-License-Identifier: Apache-2.0
#include "faults.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace fleetline::rehearsal_board {

namespace {

constexpr std::array<std::string_view, 19> names{
    "csr-bad-signature", "csr-wrong-key",       "csr-wrong-subject", "dead-after-reset",
    "import-corrupts",   "import-drops-line",   "keygen-fails",      "line-1mib",
    "log-mid-answer",    "no-network",          "no-prompt",         "random-garbage",
    "readback-nothing",  "readback-other-cert", "reboot-midway",     "silent",
    "slow-flash",        "slow-kvstore",        "wrong-baud"};

}  // namespace

bool fault_set::known(std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

std::string fault_set::all() {
    std::string text;
    for (const auto name : names) text.append(text.empty() ? "" : ", ").append(name);
    return text;
}

void fault_set::clear(std::string_view name) {
    const auto found = set_.find(name);
    if (found != set_.end()) set_.erase(found);
}

std::string fault_set::value(std::string_view name, std::string_view otherwise) const {
    const auto found = set_.find(name);
    return std::string(found == set_.end() || found->second.empty() ? otherwise
                                                                    : std::string_view(found->second));
}

long fault_set::number(std::string_view name, long otherwise) const {
    const auto text = value(name, "");
    return text.empty() ? otherwise : std::strtol(text.c_str(), nullptr, 10);
}

}  // namespace fleetline::rehearsal_board
