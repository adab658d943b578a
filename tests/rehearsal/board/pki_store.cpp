// SPDX-License-Identifier: Apache-2.0
#include "pki_store.hpp"

#include <array>

#include "crypto.hpp"
#include "der.hpp"

namespace fleetline::rehearsal_board {

namespace {

struct place {
    std::string_view label;
    std::string_view file;
    const char* object;
};

constexpr std::array<place, 2> certificates{{{"tls_cert", flash::certificate, "corePKCS11_Certificate.dat"},
                                             {"root_ca_cert", flash::ca, "corePKCS11_CA_Certificate.dat"}}};
constexpr std::string_view signer_label = "ota_signer_pub";
constexpr std::string_view signer_file = "ota_signer_pub.pem";

const place* find(const std::string& label) {
    for (const auto& known : certificates)
        if (known.label == label) return &known;
    return nullptr;
}

}  // namespace

bool pki_store::has_key() const {
    return shell_.memory().has(flash::private_key);
}

std::string pki_store::make_key() {
    const auto key_text = generate_key();
    shell_.memory().write(flash::private_key, key_text, true);
    auto public_key = public_key_of(key_text);
    shell_.host().event("key-generated", "public_key_sha256", sha256_hex(public_key));
    return public_key;
}

void pki_store::could_not_open(const char* object) const {
    shell_.log("INF", std::string("Could not open ") + object + " for reading.",
               "core_pkcs11_pal_littlefs.c:79");
}

void pki_store::note_missing_key(const char* object) const {
    if (!has_key()) could_not_open(object);
}

std::string pki_store::public_key(const std::string& label) const {
    std::string found;
    if (label == "tls_key_pub" && has_key()) found = public_key_of(key());
    if (label == signer_label) found = der_of_pem(shell_.memory().read(signer_file));
    if (!found.empty()) return found;
    if (label == "tls_key_pub") could_not_open(public_key_object);
    shell_.log("ERR", "Failed to get attribute. The object handle was invalid.",
               "core_pkcs11_mbedtls.c:3068");
    shell_.log("ERR", "Failed to allocate 0 bytes for public key in DER format.", "PkiObjectPkcs11.c:143");
    return {};
}

std::string pki_store::certificate(const std::string& label) const {
    const auto* known = find(label);
    if (known != nullptr && shell_.memory().has(known->file))
        return der_of_pem(shell_.memory().read(known->file));
    if (known != nullptr) could_not_open(known->object);
    shell_.log("ERR", "Failed to get attribute. The object handle was invalid.",
               "core_pkcs11_mbedtls.c:3068");
    return {};
}

bool pki_store::look_for_certificate(const std::string& label) {
    const auto* known = find(label);
    if (known == nullptr) {
        shell_.log("ERR", no_file, no_file_at);
        shell_.log("ERR", "Failed to create certificate. Could not save the certificate to the PKCS #11 PAL.",
                   "core_pkcs11_mbedtls.c:2082");
        return false;
    }
    // Once in any case, and once more when there is none yet.
    could_not_open(known->object);
    if (!shell_.memory().has(known->file)) could_not_open(known->object);
    return true;
}

void pki_store::save_certificate(const std::string& label, std::string certificate) {
    const auto* known = find(label);
    if (shell_.faults().has("import-corrupts"))
        certificate.back() = static_cast<char>(certificate.back() ^ 0x55);
    shell_.memory().write(known->file, pem("CERTIFICATE", certificate, "\n"));
    shell_.host().event("certificate-imported", known->label == "tls_cert" ? "sha256" : "ca_sha256",
                        sha256_hex(certificate));
}

bool pki_store::save_public_key(const std::string& label, const std::string& key) {
    if (label != signer_label) {
        shell_.log("ERR", no_file, no_file_at);
        return false;
    }
    shell_.memory().write(signer_file, pem("PUBLIC KEY", key, "\n"));
    return true;
}

}  // namespace fleetline::rehearsal_board
