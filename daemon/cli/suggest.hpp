// SPDX-License-Identifier: Apache-2.0
// A guess at what a mistyped word was meant to be. Pure function, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fleetline::cli {

/// The known word nearest to `word`, if it is near enough to be a typing mistake; else empty.
std::string closest(std::string_view word, const std::vector<std::string>& known);

}  // namespace fleetline::cli
