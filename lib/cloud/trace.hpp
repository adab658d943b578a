// SPDX-License-Identifier: Apache-2.0
// What may be shown of a payload in the debug log: its keys, and the values of those that hold no secret. Pure
// functions, any thread.
#pragma once

#include <string>
#include <string_view>

#include "cloud/settings.hpp"

namespace fleetline::cloud {

/// {"certificateId":"ab12…","certificatePem":"(1224 bytes)", …}: every value that is not known to be harmless
/// is shown by its size; what cannot be read, by its size alone.
std::string traced(payload_format format, std::string_view payload);

}  // namespace fleetline::cloud
