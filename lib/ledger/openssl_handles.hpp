// SPDX-License-Identifier: Apache-2.0
// OpenSSL's objects as owned values, in our own library context. For .cpp files only, of this room.
#pragma once

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <string>
#include <string_view>

#include "core/owned.hpp"
#include "x509/library.hpp"

namespace fleetline::ledger {

using key_pointer = owned<EVP_PKEY, EVP_PKEY_free>;
using certificate_pointer = owned<X509, X509_free>;
using bio_pointer = owned<BIO, BIO_free_all>;
using digest_pointer = owned<EVP_MD_CTX, EVP_MD_CTX_free>;
using cms_pointer = owned<CMS_ContentInfo, CMS_ContentInfo_free>;

/// Reads from the text, which must live as long.
inline bio_pointer reading(std::string_view text) {
    return bio_pointer(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

inline std::string text_in(BIO* memory) {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(memory, &bytes);
    return size > 0 ? std::string(bytes, static_cast<std::size_t>(size)) : std::string();
}

/// Null if it is none.
inline certificate_pointer certificate_in(std::string_view pem) {
    certificate_pointer empty(X509_new_ex(x509::library_context(), nullptr));
    X509* place = empty.get();
    if (PEM_read_bio_X509(reading(pem).get(), &place, nullptr, nullptr) != nullptr) return empty;
    // OpenSSL has freed it, or left it as it was.
    if (place == nullptr) (void)empty.release();
    return nullptr;
}

/// SHA-256 over the certificate's DER, hex.
std::string sha256_of(X509* certificate);

}  // namespace fleetline::ledger
