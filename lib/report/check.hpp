// SPDX-License-Identifier: Apache-2.0
// Does an exported report still fit the ledger it came from? Each row of csv and jsonl names an event by
// number and hash: a ledger that was cut or rewritten since then no longer has it. A signed report of any
// format is held against its signature. One thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "ledger/reader.hpp"
#include "report/manifest.hpp"

namespace fleetline::report {

struct check_result {
    std::int64_t rows = 0;              ///< those that were not compared, by what it says itself
    bool rows_compared = true;          ///< false: in this format they cannot be
    std::vector<std::string> problems;  ///< "row 12 (serial SN0012): …", the first wrong row first
    bool is_signed = false;             ///< whatever by: FILE.p7s is there
    std::optional<manifest> said;       ///< by a signature that holds, this station's or another's
    bool is_of_this_station = false;    ///< that signature
    std::string signer_sha256;          ///< of its certificate, hex; empty: there is none

    /// Without a signature that holds nothing says which rows there were.
    bool completeness_checked() const { return said.has_value(); }
};

/// Throws std::system_error when the file cannot be read.
check_result check_against(const ledger::reader& ledger, const std::filesystem::path& report);

}  // namespace fleetline::report
