// SPDX-License-Identifier: Apache-2.0
// Keys, certificate requests and certificates for the cloud tests, made with OpenSSL by the tests themselves
// (not with lib/x509, which they help to test). One thread.
#pragma once

#include <openssl/types.h>

#include <filesystem>
#include <memory>
#include <string>

namespace fleetline::tests {

struct key_deleter {
    void operator()(EVP_PKEY* key) const;
};
using key_ptr = std::unique_ptr<EVP_PKEY, key_deleter>;

key_ptr make_key();
std::string public_key_of(EVP_PKEY* key);  ///< SubjectPublicKeyInfo, DER
std::string private_pem(EVP_PKEY* key);
std::string make_csr_pem(EVP_PKEY* key, const std::string& common_name);

struct certificate_wish {
    std::string common_name;
    long starts_in_seconds = -120;
    long ends_in_seconds = 3600L * 24 * 365;
    bool is_ca = false;
    std::string host;  ///< subject alternative name, if not empty
};

/// Signed by the issuer (its common name), with a serial number never used before.
std::string make_certificate_pem(EVP_PKEY* subject_key, const certificate_wish& wish, EVP_PKEY* issuer_key,
                                 const std::string& issuer_name);

/// What AWS does with a CSR: the subject and the key are the CSR's.
std::string sign_csr(const std::string& csr_pem, EVP_PKEY* issuer_key,
                     long ends_in_seconds = 3600L * 24 * 365);

std::string sha256_of_certificate(const std::string& pem);  ///< hex

/// A directory that is gone with this object.
class scratch {
  public:
    scratch();
    ~scratch();
    scratch(const scratch&) = delete;
    scratch& operator=(const scratch&) = delete;
    std::filesystem::path path;
    std::filesystem::path write(const std::string& name, const std::string& text) const;
};

}  // namespace fleetline::tests
