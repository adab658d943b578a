// SPDX-License-Identifier: Apache-2.0
// Copies of a ledger: made while the station works, and put back when it does not. For the CLI; blocking, any
// thread.
#pragma once

#include <filesystem>

#include "ledger/reader.hpp"

namespace fleetline::ledger {

/// A consistent copy of `ledger`, one file, without ownership tokens, verified; the station may be writing.
/// Nothing is left at `target` unless it holds. Throws failure(station-ledger-…): unwritable where the copy
/// cannot be written or `target` exists, broken when it does not verify.
verification backup(const std::filesystem::path& ledger, const std::filesystem::path& target);

/// Puts a backup in the place of `ledger`, which must not be in use (station-ledger-busy). What was there
/// stays beside it as `…before-restore`. Refuses a backup that does not verify (station-ledger-broken).
verification restore(const std::filesystem::path& backup, const std::filesystem::path& ledger);

}  // namespace fleetline::ledger
