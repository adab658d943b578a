// SPDX-License-Identifier: Apache-2.0
// The station's own key (RSA-3072) and the certificate it gives itself: signs checkpoints, reports and
// registration requests. Kept in two files, the key's readable by its owner alone. One owner; signing is slow
// (some ms): keep it off the io_context thread.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "core/time.hpp"

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

namespace fleetline::ledger {

class station_key {
  public:
    /// Reads `station.key` and `station.pem` in the directory; makes both when there is no key yet. Throws
    /// failure(station-configuration) when they cannot be read, or do not belong together.
    station_key(const std::filesystem::path& directory, std::string_view station, utc_time now);
    ~station_key();
    station_key(station_key&&) noexcept;
    station_key& operator=(station_key&&) noexcept;

    /// RSA PKCS #1 v1.5 over SHA-256: `openssl dgst -sha256 -verify` checks it.
    std::string sign(std::string_view bytes) const;

    /// For the rest of this room.
    evp_pkey_st* native() const;

    const std::string& certificate_pem() const { return certificate_pem_; }
    const std::string& certificate_sha256() const { return certificate_sha256_; }  ///< of the PEM's DER
    const std::filesystem::path& key_file() const { return key_file_; }
    const std::filesystem::path& certificate_file() const { return certificate_file_; }

  private:
    struct held;
    std::unique_ptr<held> held_;
    std::filesystem::path key_file_;
    std::filesystem::path certificate_file_;
    std::string certificate_pem_;
    std::string certificate_sha256_;
};

/// Whether this is a PEM certificate, nothing else, with this SHA-256 of its DER (hex).
bool is_certificate(std::string_view pem, std::string_view sha256);

/// Whether `signature` was made over `bytes` by the key of this certificate.
bool is_signed_by(std::string_view certificate_pem, std::string_view bytes, std::string_view signature);

}  // namespace fleetline::ledger
