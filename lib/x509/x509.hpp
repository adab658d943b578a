// SPDX-License-Identifier: Apache-2.0
// CSRs, certificates and keys: read, check, compare. Pure functions over PEM and DER; OpenSSL in a library
// context of our own (a TPM provider in the default one must not slow or break these: it is Paho's). Any
// thread.
#pragma once

#include <string>
#include <string_view>

#include "core/failure.hpp"
#include "core/secret.hpp"
#include "core/time.hpp"

namespace fleetline::x509 {

struct certificate {
    std::string der;
    std::string sha256;       ///< of the DER, lower-case hex: AWS's certificateId
    std::string public_key;   ///< SubjectPublicKeyInfo, DER
    std::string subject;      ///< RFC 2253 text
    std::string common_name;  ///< of the subject, empty if none
    std::string serial;       ///< hex
    utc_time not_before{};
    utc_time not_after{};
};

struct csr {
    std::string der;  ///< normalised: see parse_csr
    std::string pem;  ///< of that DER, 64-character lines, LF
    std::string public_key;
    std::string subject;
    std::string common_name;
    std::string key_type;  ///< "EC P-256", "RSA 2048" …
};

/// The first certificate of the PEM text; anything else than white space around it is a reason.
checked<certificate> parse_certificate(std::string_view pem);
checked<certificate> parse_certificate_der(std::string_view der);

/// Checks the self-signature and that AWS takes the key (RSA >= 2048, P-256, P-384, P-521). mbedTLS 3.1 and
/// nRF91 write ecdsa-with-SHA256 with a NULL parameter, which strict parsers refuse; it is outside the signed
/// part and dropped.
checked<csr> parse_csr(std::string_view pem);
checked<csr> parse_csr_der(std::string_view der);

/// A public key's SubjectPublicKeyInfo, DER, from PEM ("BEGIN PUBLIC KEY").
checked<std::string> parse_public_key(std::string_view pem);

/// A key made here in memory, for boards that cannot make one: P-256, PKCS#8 PEM.
secret make_private_key();
checked<csr> make_csr(const secret& private_key_pem, std::string_view common_name);

/// Whether a PEM private key belongs to the certificate.
checked<bool> key_matches(const secret& private_key_pem, const certificate& certificate);

/// PEM with 64-character lines and LF line ends.
std::string to_pem(std::string_view label, std::string_view der);

/// The DER inside the first PEM block with this label.
checked<std::string> from_pem(std::string_view label, std::string_view pem);

}  // namespace fleetline::x509
