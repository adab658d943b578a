// SPDX-License-Identifier: Apache-2.0
// The ledger's schema, version by version: the files of schema/ledger, put into the library by the build.
// user_version counts how many of them a file has seen. Constant data.
#pragma once

#include <span>
#include <string_view>

namespace fleetline::ledger {

struct migration {
    std::string_view name;  ///< "001-first"
    std::string_view sql;
};

std::span<const migration> migrations();

}  // namespace fleetline::ledger
