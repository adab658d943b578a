// SPDX-License-Identifier: Apache-2.0
// A report's signature and the station's certificate, in two files beside it: FILE.p7s (detached CMS, DER)
// and FILE.station.pem. Blocking; any thread.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "report/manifest.hpp"
#include "report/output.hpp"

namespace fleetline::ledger {
class station_key;
}

namespace fleetline::report {

std::filesystem::path signature_file(const std::filesystem::path& report);
std::filesystem::path certificate_file(const std::filesystem::path& report);

/// Signs what `report` will be and commits all three files: the report is there last, or none
/// of them. Throws std::system_error and failure(station-internal).
void commit_signed(output& report, const std::filesystem::path& file, const ledger::station_key& key,
                   const manifest& what);

/// What is left of a signature over an earlier file of that name. Throws std::system_error.
void remove_signature(const std::filesystem::path& report);

struct signed_report {
    manifest what;
    std::string certificate_sha256;  ///< of whoever signed
};

/// Nothing: there is no FILE.p7s. Throws std::system_error when that cannot be read.
std::optional<checked<signed_report>> signature_of(const std::filesystem::path& report);

}  // namespace fleetline::report
