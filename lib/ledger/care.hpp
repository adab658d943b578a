// SPDX-License-Identifier: Apache-2.0
// Copies of a ledger: made while the station works, and put back when it does not; single acts on a ledger
// from outside of the daemon. For the CLI; blocking, any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "ledger/ledger.hpp"
#include "ledger/reader.hpp"

namespace fleetline::ledger {

/// A consistent copy of `ledger`, one file, without ownership tokens, verified; the station may be writing.
/// It takes the place of `target`, an older copy perhaps, only when it holds. Throws
/// failure(station-ledger-…): unwritable where the copy cannot be written or `target` is something else,
/// broken when it does not verify.
verification backup(const std::filesystem::path& ledger, const std::filesystem::path& target);

struct restoration {
    verification restored;
    std::filesystem::path kept;                   ///< the ledger it replaced; empty: there was none
    std::optional<std::int64_t> replaced_events;  ///< of that; nothing: they cannot be read
    std::int64_t lost_events = 0;                 ///< of those: the restored one does not have them
};

/// Puts a backup in the place of `ledger`, which must not be in use (station-ledger-busy). What was there
/// stays beside it as `…before-restore`, or `…before-restore-2` and so on: nothing takes the place of an
/// earlier one. Refuses a backup that does not verify (station-ledger-broken). One of an older version is
/// brought up to date.
restoration restore(const std::filesystem::path& backup, const std::filesystem::path& ledger);

/// Records one event from outside of the daemon, which may be running: writers wait for one another. Throws
/// failure(station-ledger-…), and station-internal for what cannot have happened.
receipt record(const options& station, event what, time_source& time);

/// Signs the head from outside of the daemon, for an export. Makes the station's key when there is none. The
/// outside file, if one is configured, has it too when this returns; one that cannot be written is logged
/// (what it misses is appended by whoever writes it next).
checkpoint sign_head(const options& station, utc_time now, const logger& log);

}  // namespace fleetline::ledger
