// SPDX-License-Identifier: Apache-2.0
// The registry's tables and views, as SQL. Views `thing`, `certificate` and `attachment` are pinned: others
// read them.
#pragma once

namespace fleetline::rehearsal {

inline constexpr int schema_version = 1;
extern const char* const schema_sql;

}  // namespace fleetline::rehearsal
