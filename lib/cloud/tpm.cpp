// SPDX-License-Identifier: Apache-2.0
#include "cloud/tpm.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>

#include <fstream>
#include <mutex>

namespace fleetline::cloud {

namespace {

// The best of those that were measured: the TPM signs, hashing stays here (in the TPM it is 3-5 times
// slower).
constexpr const char* preference = "?provider=tpm2,tpm2.digest!=yes";

std::string load_providers() {
    // Loading one by hand switches the default one's implicit loading off.
    if (OSSL_PROVIDER_load(nullptr, "default") == nullptr)
        return "OpenSSL's default provider cannot be loaded";
    if (OSSL_PROVIDER_load(nullptr, "tpm2") == nullptr) {
        ERR_clear_error();
        return "OpenSSL's tpm2 provider cannot be loaded (package tpm2-openssl)";
    }
    if (EVP_set_default_properties(nullptr, preference) != 1)
        return "OpenSSL does not take " + std::string(preference);
    return {};
}

}  // namespace

bool is_tpm_key(const std::string& file) {
    std::ifstream stream(file);
    std::string line;
    return std::getline(stream, line) && line.starts_with("-----BEGIN TSS2 PRIVATE KEY-----");
}

std::string use_tpm() {
    static std::once_flag once;
    static std::string why_not;
    std::call_once(once, [] { why_not = load_providers(); });
    return why_not;
}

}  // namespace fleetline::cloud
