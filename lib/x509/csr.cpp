// SPDX-License-Identifier: Apache-2.0
#include <openssl/err.h>

#include "x509/openssl.hpp"
#include "x509/x509.hpp"

namespace fleetline::x509 {

namespace {

/// ecdsa-with-SHA256 as RFC 5758 wants it, and as mbedTLS 3.1 and nRF91 modem firmware write it (with a
/// NULL).
constexpr std::string_view ecdsa_proper{"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02", 12};
constexpr std::string_view ecdsa_with_null{"\x30\x0c\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02\x05\x00", 14};

struct tlv {
    std::size_t header = 0;
    std::size_t content = 0;
};

/// Reads tag and length at `at`; a header of 0 means that it is not one.
tlv read_tlv(std::string_view der, std::size_t at) {
    if (at + 2 > der.size()) return {};
    const auto byte = [&der](std::size_t i) {
        return static_cast<std::size_t>(static_cast<unsigned char>(der[i]));
    };
    const std::size_t first = byte(at + 1);
    if (first < 0x80) return {2, first};
    const std::size_t count = first & 0x7FU;
    if (count == 0 || count > 3 || at + 2 + count > der.size()) return {};
    std::size_t length = 0;
    for (std::size_t i = 0; i < count; ++i) length = length * 256 + byte(at + 2 + i);
    return {2 + count, length};
}

std::string sequence_of(std::string_view content) {
    std::string header(1, '\x30');
    const std::size_t size = content.size();
    if (size < 0x80) {
        header += static_cast<char>(size);
    } else if (size < 0x100) {
        header += '\x81';
        header += static_cast<char>(size);
    } else {
        header += '\x82';
        header += static_cast<char>(size >> 8U);
        header += static_cast<char>(size & 0xFFU);
    }
    return header.append(content);
}

/// Drops the NULL after ecdsa-with-SHA256 in the outer algorithm field. It is outside the signed part
/// (CertificationRequestInfo), so that the signature stays good.
std::string normalised(std::string_view der) {
    const tlv outer = read_tlv(der, 0);
    if (outer.header == 0 || outer.header + outer.content != der.size()) return std::string(der);
    const tlv info = read_tlv(der, outer.header);
    const std::size_t algorithm_at = outer.header + info.header + info.content;
    if (info.header == 0 || algorithm_at > der.size()) return std::string(der);
    if (der.substr(algorithm_at, ecdsa_with_null.size()) != ecdsa_with_null) return std::string(der);
    std::string content(der.substr(outer.header, algorithm_at - outer.header));
    content.append(ecdsa_proper).append(der.substr(algorithm_at + ecdsa_with_null.size()));
    if (content.size() > 0xFFFF) return std::string(der);
    return sequence_of(content);
}

/// AWS's list: API reference of CreateCertificateFromCsr.
bool aws_takes(EVP_PKEY* key) {
    const std::string type = key_type(key);
    if (EVP_PKEY_is_a(key, "RSA") == 1) return EVP_PKEY_get_bits(key) >= 2048;
    return type == "EC P-256" || type == "EC P-384" || type == "EC P-521";
}

}  // namespace

checked<csr> parse_csr_der(std::string_view der) {
    request_ptr parsed{X509_REQ_new_ex(library_context(), nullptr)};
    const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
    const unsigned char* const end = bytes + der.size();
    X509_REQ* raw = parsed.release();
    if (d2i_X509_REQ(&raw, &bytes, static_cast<long>(der.size())) == nullptr)
        return openssl_reason("not a certificate signing request");
    parsed.reset(raw);
    if (bytes != end) return reason{"bytes after the certificate signing request"};

    EVP_PKEY* key = X509_REQ_get0_pubkey(raw);
    if (key == nullptr) return openssl_reason("a public key that cannot be used");
    if (!aws_takes(key)) return reason{"a key of a kind that AWS does not take: " + key_type(key)};
    if (X509_REQ_verify(raw, key) != 1) {
        ERR_clear_error();
        return reason{"its signature does not fit its public key"};
    }

    csr result;
    result.der = normalised(der);
    result.pem = to_pem("CERTIFICATE REQUEST", result.der);
    result.public_key = public_key_der(X509_REQ_get_X509_PUBKEY(raw));
    result.subject = name_text(X509_REQ_get_subject_name(raw));
    result.common_name = common_name(X509_REQ_get_subject_name(raw));
    result.key_type = key_type(key);
    ERR_clear_error();
    return result;
}

checked<csr> parse_csr(std::string_view pem) {
    const auto der = from_pem("CERTIFICATE REQUEST", pem);
    if (!der) return reason{der.why_not()};
    return parse_csr_der(*der);
}

}  // namespace fleetline::x509
