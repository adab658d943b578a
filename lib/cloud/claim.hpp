// SPDX-License-Identifier: Apache-2.0
// The station's claim credential, looked at before it is used: Paho's own words for a wrong one are "TLS
// connect failure". Reads files; quick, any thread.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "cloud/settings.hpp"
#include "core/time.hpp"

namespace fleetline::cloud {

/// What keeps the session away: a failure code and plain words.
struct trouble {
    trouble() = default;
    trouble(std::string failure_code, std::string words)
        : code(std::move(failure_code)), text(std::move(words)) {}
    std::string code;
    std::string text;
};

struct claim_report {
    std::optional<trouble> wrong;
    std::string certificate_id;  ///< SHA-256 of the DER, as AWS lists it
    std::string subject;
    utc_time not_after{};
    std::string exposed;  ///< who but its owner may read or change the key; empty: nobody
};

/// "anybody may read FILE (mode 0644)", "its group may change FILE (mode 0620)"; empty if only its owner may,
/// or it is not there. systemd's credentials are 0440 for their access list, and the service's alone.
std::string exposure_of(const std::filesystem::path& key_file);

/// The CA file, the claim certificate and the key: readable, parse, belong together, dates.
claim_report check_claim(const session_settings& settings, utc_time now);

}  // namespace fleetline::cloud
