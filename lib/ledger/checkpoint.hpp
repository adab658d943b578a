// SPDX-License-Identifier: Apache-2.0
// A signed head of the chain: kept in the ledger, and as a line of JSON outside of it, where whoever rewrites
// the ledger cannot reach it. Plain values and pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/failure.hpp"
#include "core/time.hpp"

namespace fleetline::ledger {

class station_key;

struct checkpoint {
    std::string station;
    std::int64_t seq = 0;
    std::string hash;       ///< of that event, hex
    std::string made_at;    ///< RFC 3339
    std::string signer;     ///< SHA-256 of the station certificate's DER, hex
    std::string signature;  ///< base64
};

/// Signs a head of the chain.
checkpoint make_checkpoint(std::string station, std::int64_t seq, std::string hash, utc_time now,
                           const station_key& key);

bool signature_holds(std::string_view certificate_pem, const checkpoint& what);

/// One line, canonical JSON, with its LF.
std::string to_line(const checkpoint& what);
checked<checkpoint> checkpoint_from(std::string_view line);

/// A file of lines as they were appended.
struct checkpoint_file {
    std::vector<checkpoint> all;
    /// Their numbers. A line that was being written when the power went or the share was full stays, torn:
    /// the station can only append, and writes it again as a whole.
    std::vector<std::size_t> torn;
    std::string why_torn;    ///< the first one
    bool ends_open = false;  ///< the last one has no LF
};

/// Throws std::system_error for what is no regular file or cannot be read.
checkpoint_file checkpoints_in(const std::filesystem::path& file);

}  // namespace fleetline::ledger
