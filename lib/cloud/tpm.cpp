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
    return {};
}

}  // namespace

bool is_tpm_key(const std::string& file) {
    std::ifstream stream(file);
    std::string line;
    return std::getline(stream, line) && line.starts_with("-----BEGIN TSS2 PRIVATE KEY-----");
}

std::string prepare_for_key(const std::string& file) {
    static std::mutex one_at_a_time;
    static bool loaded = false;
    static bool preferred = false;
    const std::lock_guard guard(one_at_a_time);
    const bool wanted = is_tpm_key(file);
    if (wanted == preferred) return {};
    if (!loaded) {
        auto why_not = load_providers();
        if (!why_not.empty()) return why_not;  // the resource manager may only be late
        loaded = true;
    }
    if (EVP_set_default_properties(nullptr, wanted ? preference : "") != 1) {
        return "OpenSSL does not take " + std::string(preference);
    }
    preferred = wanted;
    return {};
}

}  // namespace fleetline::cloud
