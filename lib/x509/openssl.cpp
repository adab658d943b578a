// SPDX-License-Identifier: Apache-2.0
#include "x509/openssl.hpp"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/provider.h>

#include <array>
#include <new>

namespace fleetline::x509 {

OSSL_LIB_CTX* library_context() {
    struct context {
        context() : library(OSSL_LIB_CTX_new()) {
            if (library == nullptr || OSSL_PROVIDER_load(library, "default") == nullptr)
                throw std::bad_alloc();
        }
        OSSL_LIB_CTX* library;
    };
    static const context ours;
    return ours.library;
}

reason openssl_reason(std::string_view doing) {
    std::array<char, 256> text{};
    const unsigned long code = ERR_peek_last_error();
    if (code != 0) ERR_error_string_n(code, text.data(), text.size());
    ERR_clear_error();
    return {std::string(doing) + (code != 0 ? std::string(": ") + text.data() : std::string())};
}

namespace {

/// SubjectPublicKeyInfo of an uncompressed P-256 point, up to its X: there is one way to write it (RFC 5480),
/// so that OpenSSL 3.0's encoder, slower than a signature check, need not be asked.
constexpr std::string_view p256_head{
    "\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86"
    "\x48\xce\x3d\x03\x01\x07\x03\x42\x00\x04",
    27};

std::string taken(unsigned char*& bytes, int length) {
    if (length <= 0) return {};
    std::string der(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(length));
    OPENSSL_free(bytes);
    return der;
}

}  // namespace

std::string public_key_der(EVP_PKEY* key) {
    unsigned char* bytes = nullptr;
    return taken(bytes, i2d_PUBKEY(key, &bytes));
}

std::string public_key_der(const X509_PUBKEY* key) {
    unsigned char* bytes = nullptr;
    auto as_sent = taken(bytes, i2d_X509_PUBKEY(key, &bytes));
    if (as_sent.size() == 91 && as_sent.starts_with(p256_head)) return as_sent;
    EVP_PKEY* const parsed = X509_PUBKEY_get0(key);
    return parsed != nullptr ? public_key_der(parsed) : std::string();
}

std::string name_text(const X509_NAME* name) {
    const bio_ptr out{BIO_new(BIO_s_mem())};
    if (!out) throw std::bad_alloc();
    X509_NAME_print_ex(out.get(), name, 0,
                       XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB));
    return memory_text(out.get());
}

std::string common_name(const X509_NAME* name) {
    const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    if (at < 0) return {};
    unsigned char* text = nullptr;
    const int length = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    if (length < 0) {
        ERR_clear_error();
        return {};
    }
    std::string value(reinterpret_cast<char*>(text), static_cast<std::size_t>(length));
    OPENSSL_free(text);
    return value;
}

std::string key_type(EVP_PKEY* key) {
    if (EVP_PKEY_is_a(key, "RSA") == 1) return "RSA " + std::to_string(EVP_PKEY_get_bits(key));
    if (EVP_PKEY_is_a(key, "EC") == 1) {
        std::array<char, 64> group{};
        std::size_t length = 0;
        EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group.data(), group.size(), &length);
        const std::string_view curve{group.data(), length};
        if (curve == "prime256v1" || curve == "P-256") return "EC P-256";
        if (curve == "secp384r1" || curve == "P-384") return "EC P-384";
        if (curve == "secp521r1" || curve == "P-521") return "EC P-521";
        return "EC " + std::string(curve);
    }
    const char* other = EVP_PKEY_get0_type_name(key);
    return other != nullptr ? other : "unknown";
}

bio_ptr memory_reader(std::string_view bytes) {
    bio_ptr in{BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size()))};
    if (!in) throw std::bad_alloc();
    return in;
}

std::string memory_text(BIO* bio) {
    char* data = nullptr;
    const long length = BIO_get_mem_data(bio, &data);
    return length > 0 ? std::string(data, static_cast<std::size_t>(length)) : std::string();
}

}  // namespace fleetline::x509
