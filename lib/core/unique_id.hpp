// SPDX-License-Identifier: Apache-2.0
// Ids that are unique across stations and sort by time: UUID version 7 (RFC 9562).
#pragma once

#include <string>

#include "core/time.hpp"

namespace fleetline {

/// 36 characters, lower case. Random bits come from the operating system.
std::string make_unique_id(utc_time now);

}  // namespace fleetline
