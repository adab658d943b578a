// SPDX-License-Identifier: Apache-2.0
// Reads and checks a configuration file. Every complaint at once, with line and column; an unknown key is
// one. Pure apart from reading the file; any thread.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.hpp"

namespace fleetline::config {

struct complaint {
    std::size_t line = 0;  ///< from 1; 0: about the file as a whole
    std::size_t column = 0;
    std::string text;
};

/// `value` is meaningful only if there are no complaints.
struct loaded {
    settings value;
    std::vector<complaint> complaints;
};

/// Relative paths in the file are relative to its directory.
loaded load(const std::filesystem::path& file);
loaded parse(std::string_view text, const std::filesystem::path& file);

/// "FILE:12:3: text", a line each.
std::string describe(const loaded& result);

/// The settings, or failure(station-configuration) with every complaint.
settings load_or_throw(const std::filesystem::path& file);

}  // namespace fleetline::config
