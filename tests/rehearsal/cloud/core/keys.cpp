// SPDX-License-Identifier: Apache-2.0
// Keys, encodings and CSR checks: the part of authority.hpp that needs no CA.
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <array>
#include <stdexcept>

#include "core/authority.hpp"
#include "core/refusal.hpp"
#include "core/text.hpp"

namespace fleetline::rehearsal {
namespace {

constexpr std::size_t max_csr_length = 4096;
using bio_ptr = std::unique_ptr<BIO, frees<BIO_free_all>>;
using bytes_ptr = std::unique_ptr<unsigned char, frees<[](unsigned char* bytes) { OPENSSL_free(bytes); }>>;

bio_ptr reading(const std::string& text) {
    return bio_ptr{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
}

std::string content(BIO& bio) {
    char* data = nullptr;
    const long length = BIO_get_mem_data(&bio, &data);
    return {data, static_cast<std::size_t>(length)};
}

template <class Write>
std::string written(Write write) {
    const bio_ptr bio{BIO_new(BIO_s_mem())};
    if (bio == nullptr || write(bio.get()) != 1) throw std::runtime_error("OpenSSL cannot write PEM");
    return content(*bio);
}

// A pass phrase is never asked for at a terminal.
int no_pass_phrase(char*, int, int, void*) {
    return -1;
}

bool is_accepted_curve(const EVP_PKEY& key) {
    std::array<char, 64> name{};
    if (EVP_PKEY_get_group_name(&key, name.data(), name.size(), nullptr) != 1) return false;
    const std::string_view curve = name.data();
    return curve == "prime256v1" || curve == "P-256" || curve == "secp384r1" || curve == "P-384" ||
           curve == "secp521r1" || curve == "P-521";
}

refusal bad_csr(const std::string& why) {
    return {400, "InvalidCertificateSigningRequest", why};
}

void check_key(const EVP_PKEY& key) {
    if (EVP_PKEY_is_a(&key, "RSA") == 1) {
        const int bits = EVP_PKEY_get_bits(&key);
        if (bits < 2048) throw bad_csr("RSA keys must have at least 2048 bits.");
        if (bits > 8192) throw bad_csr("RSA keys of more than 8192 bits are not supported.");
    } else if (EVP_PKEY_is_a(&key, "EC") != 1 || !is_accepted_curve(key)) {
        throw bad_csr("The key must be RSA, or ECC on P-256, P-384 or P-521.");
    }
}

}  // namespace

std::string der_of(const X509& certificate) {
    unsigned char* raw = nullptr;
    const int length = i2d_X509(&certificate, &raw);
    if (length < 0) throw std::runtime_error("OpenSSL cannot encode a certificate");
    const bytes_ptr bytes{raw};
    return {reinterpret_cast<const char*>(raw), static_cast<std::size_t>(length)};
}

std::string certificate_id_of(const X509& certificate) {
    return sha256_hex(der_of(certificate));
}

std::string pem_of(const X509& certificate) {
    return written([&](BIO* bio) { return PEM_write_bio_X509(bio, &certificate); });
}

x509_ptr certificate_from_pem(const std::string& pem) {
    x509_ptr found{PEM_read_bio_X509(reading(pem).get(), nullptr, no_pass_phrase, nullptr)};
    ERR_clear_error();
    return found;
}

key_ptr make_rsa_key(unsigned bits) {
    key_ptr key{EVP_RSA_gen(bits)};
    if (key == nullptr) throw std::runtime_error("OpenSSL cannot make an RSA key");
    return key;
}

key_ptr make_p256_key() {
    key_ptr key{EVP_EC_gen("P-256")};
    if (key == nullptr) throw std::runtime_error("OpenSSL cannot make a P-256 key");
    return key;
}

std::string private_pem(const EVP_PKEY& key) {
    return written([&](BIO* bio) {
        return PEM_write_bio_PrivateKey_traditional(bio, &key, nullptr, nullptr, 0, nullptr, nullptr);
    });
}

std::string public_pem(const EVP_PKEY& key) {
    return written([&](BIO* bio) { return PEM_write_bio_PUBKEY(bio, &key); });
}

x509_req_ptr check_csr(const std::string& pem) {
    if (pem.size() > max_csr_length) throw bad_csr("The certificate signing request is too long.");
    x509_req_ptr request{PEM_read_bio_X509_REQ(reading(pem).get(), nullptr, no_pass_phrase, nullptr)};
    ERR_clear_error();
    if (request == nullptr) throw bad_csr("The certificate signing request is not a PEM PKCS#10 request.");
    EVP_PKEY* key = X509_REQ_get0_pubkey(request.get());
    if (key == nullptr) throw bad_csr("The public key of the certificate signing request cannot be read.");
    check_key(*key);
    const bool signed_by_itself = X509_REQ_verify(request.get(), key) == 1;
    ERR_clear_error();
    if (!signed_by_itself) throw bad_csr("The signature of the certificate signing request is not valid.");
    return request;
}

std::string common_name_of(const X509_NAME* name) {
    const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    if (at < 0) return {};
    const ASN1_STRING* value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
    unsigned char* raw = nullptr;
    const int length = ASN1_STRING_to_UTF8(&raw, value);
    if (length < 0) {
        ERR_clear_error();
        return {};
    }
    const bytes_ptr bytes{raw};
    return {reinterpret_cast<const char*>(raw), static_cast<std::size_t>(length)};
}

}  // namespace fleetline::rehearsal
