// SPDX-License-Identifier: Apache-2.0
#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/err.h>

#include <ctime>

#include "core/digest.hpp"
#include "x509/openssl.hpp"
#include "x509/x509.hpp"

namespace fleetline::x509 {

namespace {

checked<utc_time> to_utc(const ASN1_TIME* when) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(when, &parts) != 1) return openssl_reason("a date that cannot be read");
    const std::chrono::year_month_day date{std::chrono::year{parts.tm_year + 1900},
                                           std::chrono::month{static_cast<unsigned>(parts.tm_mon + 1)},
                                           std::chrono::day{static_cast<unsigned>(parts.tm_mday)}};
    if (!date.ok()) return reason{"a date that does not exist"};
    return utc_time{std::chrono::sys_days{date}} + std::chrono::hours{parts.tm_hour} +
           std::chrono::minutes{parts.tm_min} + std::chrono::seconds{parts.tm_sec};
}

std::string serial_text(X509* certificate) {
    const owned<BIGNUM, BN_free> number{
        ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr)};
    if (!number) return {};
    char* hex = BN_bn2hex(number.get());
    std::string text(hex != nullptr ? hex : "");
    OPENSSL_free(hex);
    return text;
}

}  // namespace

checked<certificate> parse_certificate_der(std::string_view der) {
    certificate_ptr parsed{X509_new_ex(library_context(), nullptr)};
    const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
    const unsigned char* const end = bytes + der.size();
    X509* raw = parsed.release();
    // On failure d2i frees what it was given.
    if (d2i_X509(&raw, &bytes, static_cast<long>(der.size())) == nullptr)
        return openssl_reason("not a certificate");
    parsed.reset(raw);
    if (bytes != end) return reason{"bytes after the certificate"};

    EVP_PKEY* key = X509_get0_pubkey(raw);
    if (key == nullptr) return openssl_reason("a public key that cannot be used");
    const auto not_before = to_utc(X509_get0_notBefore(raw));
    const auto not_after = to_utc(X509_get0_notAfter(raw));
    if (!not_before) return reason{"notBefore: " + not_before.why_not()};
    if (!not_after) return reason{"notAfter: " + not_after.why_not()};

    certificate result;
    result.der = der;
    result.sha256 = sha256_hex(der);
    result.public_key = public_key_der(X509_get_X509_PUBKEY(raw));
    result.subject = name_text(X509_get_subject_name(raw));
    result.common_name = common_name(X509_get_subject_name(raw));
    result.serial = serial_text(raw);
    result.not_before = *not_before;
    result.not_after = *not_after;
    ERR_clear_error();
    return result;
}

checked<certificate> parse_certificate(std::string_view pem) {
    const auto der = from_pem("CERTIFICATE", pem);
    if (!der) return reason{der.why_not()};
    return parse_certificate_der(*der);
}

}  // namespace fleetline::x509
