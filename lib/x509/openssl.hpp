// SPDX-License-Identifier: Apache-2.0
// What the files of this room share: owning pointers, the reason for an OpenSSL error. Not included outside
// lib/x509.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <string>
#include <string_view>

#include "core/failure.hpp"
#include "core/owned.hpp"
#include "x509/library.hpp"

namespace fleetline::x509 {

using bio_ptr = owned<BIO, BIO_free_all>;
using key_ptr = owned<EVP_PKEY, EVP_PKEY_free>;
using certificate_ptr = owned<X509, X509_free>;
using request_ptr = owned<X509_REQ, X509_REQ_free>;

/// Takes OpenSSL's newest error off this thread's queue and empties it: "doing: text".
reason openssl_reason(std::string_view doing);

/// SubjectPublicKeyInfo, DER; empty if it cannot be written.
std::string public_key_der(EVP_PKEY* key);
std::string public_key_der(const X509_PUBKEY* key);

std::string name_text(const X509_NAME* name);
std::string common_name(const X509_NAME* name);

/// "EC P-256", "RSA 2048"; other kinds by OpenSSL's name.
std::string key_type(EVP_PKEY* key);

bio_ptr memory_reader(std::string_view bytes);
std::string memory_text(BIO* bio);

}  // namespace fleetline::x509
