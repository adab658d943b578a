// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "cli/command.hpp"

namespace fleetline::cli {

namespace {
constexpr std::array table{
    command{"status", add_status},     command{"watch", add_watch},
    command{"show", add_show},         command{"devices", add_devices},
    command{"attempts", add_attempts}, command{"certificates", add_certificates},
    command{"report", add_report},     command{"audit", add_audit},
    command{"stats", add_stats},       command{"order", add_order},
    command{"scan", add_scan},         command{"sign-on", add_sign_on},
    command{"retry", add_retry},       command{"rework", add_rework},
    command{"token", add_token},       command{"doctor", add_doctor},
    command{"backup", add_backup},     command{"restore", add_restore},
    command{"config", add_config},     command{"slots", add_slots},
};
}  // namespace

std::span<const command> commands() {
    return table;
}

}  // namespace fleetline::cli
