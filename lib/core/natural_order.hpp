// SPDX-License-Identifier: Apache-2.0
// Names as people sort them: A2 before A10. Any thread.
#pragma once

#include <string_view>

namespace fleetline {

/// Runs of digits count as numbers, everything else by its bytes. Names that differ are never equal.
struct natural_order {
    using is_transparent = void;
    bool operator()(std::string_view a, std::string_view b) const noexcept;
};

}  // namespace fleetline
