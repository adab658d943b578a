// SPDX-License-Identifier: Apache-2.0
// Text as JSON has it. Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

namespace fleetline::report {

/// Appends `text` between quotes; bytes that are not UTF-8 are shown as \xNN (core's printable).
void append_json_text(std::string& to, std::string_view text);

}  // namespace fleetline::report
