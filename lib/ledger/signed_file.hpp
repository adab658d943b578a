// SPDX-License-Identifier: Apache-2.0
// Detached signatures of files (CMS, RFC 5652): made with the station's key, checked by anybody who has
// OpenSSL. What is said about a file is signed with it, as the content hint of RFC 2634. Blocking; any
// thread.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "core/failure.hpp"

namespace fleetline::ledger {

class station_key;

constexpr std::size_t longest_signature = std::size_t{64} * 1024;

/// The signature, DER: SHA-256 with RSA, the station's certificate in it. Throws failure(station-internal)
/// when the file cannot be read or the key does not sign.
std::string sign_file(const station_key& key, const std::filesystem::path& file,
                      std::string_view description);

struct file_signature {
    std::string description;  ///< what was signed along with the file; empty: nothing
    std::string certificate_pem;
    std::string certificate_sha256;  ///< of whoever signed; whether to trust it is the caller's to say
};

/// Checks a signature against the file: everything in both is a stranger's. Says why when it does not hold.
checked<file_signature> check_signature(std::string_view der, const std::filesystem::path& file);

}  // namespace fleetline::ledger
