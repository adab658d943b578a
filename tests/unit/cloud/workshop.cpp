// SPDX-License-Identifier: Apache-2.0
#include "workshop.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include <fstream>
#include <random>
#include <stdexcept>

namespace fleetline::tests {

namespace {

template <class T, void (*Free)(T*)>
struct deleter {
    void operator()(T* held) const { Free(held); }
};
using x509_ptr = std::unique_ptr<X509, deleter<X509, X509_free>>;
using req_ptr = std::unique_ptr<X509_REQ, deleter<X509_REQ, X509_REQ_free>>;

struct memory {
    BIO* bio = BIO_new(BIO_s_mem());
    ~memory() { BIO_free(bio); }
    std::string text() const {
        char* data = nullptr;
        const long size = BIO_get_mem_data(bio, &data);
        return {data, static_cast<std::size_t>(size)};
    }
};

BIO* reader(const std::string& text) {
    return BIO_new_mem_buf(text.data(), static_cast<int>(text.size()));
}

void set_name(X509_NAME* name, const std::string& common_name) {
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(common_name.data()),
                               static_cast<int>(common_name.size()), -1, 0);
}

void add_extension(X509* certificate, int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    if (extension == nullptr) throw std::runtime_error("extension " + value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

x509_ptr begin_certificate(long starts, long ends) {
    static std::uint64_t last_serial = std::random_device{}();
    x509_ptr made(X509_new());
    X509_set_version(made.get(), 2);
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(made.get()), ++last_serial);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), starts);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), ends);
    return made;
}

std::string finish(X509* certificate, EVP_PKEY* issuer_key) {
    if (X509_sign(certificate, issuer_key, EVP_sha256()) == 0) throw std::runtime_error("signing");
    memory out;
    PEM_write_bio_X509(out.bio, certificate);
    return out.text();
}

}  // namespace

void key_deleter::operator()(EVP_PKEY* key) const {
    EVP_PKEY_free(key);
}

key_ptr make_key() {
    return key_ptr(EVP_EC_gen("P-256"));
}

std::string public_key_of(EVP_PKEY* key) {
    unsigned char* der = nullptr;
    const int size = i2d_PUBKEY(key, &der);
    std::string text(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
    return text;
}

std::string private_pem(EVP_PKEY* key) {
    memory out;
    PEM_write_bio_PrivateKey(out.bio, key, nullptr, nullptr, 0, nullptr, nullptr);
    return out.text();
}

std::string make_csr_pem(EVP_PKEY* key, const std::string& common_name) {
    const req_ptr request(X509_REQ_new());
    set_name(X509_REQ_get_subject_name(request.get()), common_name);
    X509_REQ_set_pubkey(request.get(), key);
    X509_REQ_sign(request.get(), key, EVP_sha256());
    memory out;
    PEM_write_bio_X509_REQ(out.bio, request.get());
    return out.text();
}

std::string make_certificate_pem(EVP_PKEY* subject_key, const certificate_wish& wish, EVP_PKEY* issuer_key,
                                 const std::string& issuer_name) {
    const auto made = begin_certificate(wish.starts_in_seconds, wish.ends_in_seconds);
    set_name(X509_get_subject_name(made.get()), wish.common_name);
    set_name(X509_get_issuer_name(made.get()), issuer_name);
    X509_set_pubkey(made.get(), subject_key);
    add_extension(made.get(), NID_basic_constraints, wish.is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (!wish.host.empty()) add_extension(made.get(), NID_subject_alt_name, "DNS:" + wish.host);
    return finish(made.get(), issuer_key);
}

std::string sign_csr(const std::string& csr_pem, EVP_PKEY* issuer_key, long ends_in_seconds) {
    BIO* const in = reader(csr_pem);
    const req_ptr request(PEM_read_bio_X509_REQ(in, nullptr, nullptr, nullptr));
    BIO_free(in);
    if (!request) throw std::runtime_error("not a CSR");
    const auto made = begin_certificate(-120, ends_in_seconds);
    X509_set_subject_name(made.get(), X509_REQ_get_subject_name(request.get()));
    set_name(X509_get_issuer_name(made.get()), "Device CA");
    X509_set_pubkey(made.get(), X509_REQ_get0_pubkey(request.get()));
    return finish(made.get(), issuer_key);
}

std::string sha256_of_certificate(const std::string& pem) {
    BIO* const in = reader(pem);
    const x509_ptr certificate(PEM_read_bio_X509(in, nullptr, nullptr, nullptr));
    BIO_free(in);
    unsigned char digest[32];
    unsigned size = 0;
    X509_digest(certificate.get(), EVP_sha256(), digest, &size);
    std::string text;
    constexpr const char* digits = "0123456789abcdef";
    for (const unsigned char byte : digest) {
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
    return text;
}

scratch::scratch() {
    std::string pattern = std::filesystem::temp_directory_path() / "fleetline-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path = pattern;
}

scratch::~scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
}

std::filesystem::path scratch::write(const std::string& name, const std::string& text) const {
    const auto file = path / name;
    std::ofstream(file) << text;
    std::filesystem::permissions(file,
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    return file;
}

}  // namespace fleetline::tests
