// SPDX-License-Identifier: Apache-2.0
#include "ledger/station_key.hpp"

#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "core/digest.hpp"
#include "core/failure.hpp"
#include "ledger/openssl_handles.hpp"

namespace fleetline::ledger {

namespace {

failure key_failure(const std::filesystem::path& file, std::string why) {
    return failure("station-configuration", "Reading the station's key", file.string(), std::move(why));
}

std::string content_of(const std::filesystem::path& file) {
    std::ifstream from(file, std::ios::binary);
    if (!from) throw key_failure(file, std::strerror(errno));
    std::ostringstream text;
    text << from.rdbuf();
    return text.str();
}

/// All or nothing, on the disk before it returns, never readable by others.
void write_file(const std::filesystem::path& file, const std::string& text, mode_t mode) {
    const std::string name = file.string() + ".new";
    const int to = ::open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (to < 0) throw key_failure(file, std::strerror(errno));
    const bool written =
        ::write(to, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(to) == 0;
    ::close(to);
    if (!written || ::rename(name.c_str(), file.c_str()) != 0) throw key_failure(file, std::strerror(errno));
}

certificate_pointer make_certificate(EVP_PKEY* key, std::string_view station, utc_time now) {
    certificate_pointer made(X509_new_ex(x509::library_context(), nullptr));
    const auto begins = static_cast<time_t>(now.time_since_epoch().count() / 1000);
    X509_set_version(made.get(), X509_VERSION_3);
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(made.get()), static_cast<std::uint64_t>(begins));
    ASN1_TIME_set(X509_getm_notBefore(made.get()), begins);
    ASN1_TIME_set_string_X509(X509_getm_notAfter(made.get()), "99991231235959Z");  // RFC 5280: no end
    X509_NAME* name = X509_get_subject_name(made.get());
    X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>("fleetline station"), -1, -1, 0);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(station.data()),
                               static_cast<int>(station.size()), -1, 0);
    X509_set_issuer_name(made.get(), name);
    X509_set_pubkey(made.get(), key);
    for (const auto& [kind, value] : {std::pair{NID_key_usage, "critical,digitalSignature,nonRepudiation"},
                                      std::pair{NID_subject_key_identifier, "hash"}}) {
        X509V3_CTX context;
        X509V3_set_ctx_nodb(&context);
        X509V3_set_ctx(&context, made.get(), made.get(), nullptr, nullptr, 0);
        X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value);
        X509_add_ext(made.get(), extension, -1);
        X509_EXTENSION_free(extension);
    }
    if (X509_sign(made.get(), key, EVP_sha256()) == 0) return nullptr;
    return made;
}

void make_files(const std::filesystem::path& key_file, const std::filesystem::path& certificate_file,
                std::string_view station, utc_time now) {
    const key_pointer key(EVP_PKEY_Q_keygen(x509::library_context(), nullptr, "RSA", std::size_t{3072}));
    const auto certificate = key ? make_certificate(key.get(), station, now) : nullptr;
    const bio_pointer key_text(BIO_new(BIO_s_secmem()));
    const bio_pointer certificate_text(BIO_new(BIO_s_mem()));
    if (!certificate ||
        PEM_write_bio_PKCS8PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) !=
            1 ||
        PEM_write_bio_X509(certificate_text.get(), certificate.get()) != 1)
        throw key_failure(key_file, "it could not be made");
    // The certificate first: a key without one would be refused at the next start.
    write_file(certificate_file, text_in(certificate_text.get()), 0644);
    write_file(key_file, text_in(key_text.get()), 0600);
}

}  // namespace

std::string sha256_of(X509* certificate) {
    unsigned char* der = nullptr;
    const int size = i2d_X509(certificate, &der);
    auto digest =
        sha256_hex({reinterpret_cast<const char*>(der), static_cast<std::size_t>(std::max(size, 0))});
    OPENSSL_free(der);
    return digest;
}

struct station_key::held {
    key_pointer key;
};

station_key::~station_key() = default;
station_key::station_key(station_key&&) noexcept = default;
station_key& station_key::operator=(station_key&&) noexcept = default;

station_key::station_key(const std::filesystem::path& directory, std::string_view station, utc_time now)
    : held_(std::make_unique<held>()),
      key_file_(directory / "station.key"),
      certificate_file_(directory / "station.pem") {
    std::error_code ignored;
    if (!std::filesystem::exists(key_file_, ignored)) make_files(key_file_, certificate_file_, station, now);
    std::string key_text = content_of(key_file_);
    held_->key.reset(PEM_read_bio_PrivateKey_ex(reading(key_text).get(), nullptr, nullptr, nullptr,
                                                x509::library_context(), nullptr));
    OPENSSL_cleanse(key_text.data(), key_text.size());
    if (!held_->key) throw key_failure(key_file_, "it is not a private key");
    certificate_pem_ = content_of(certificate_file_);
    const auto certificate = certificate_in(certificate_pem_);
    if (!certificate) throw key_failure(certificate_file_, "it is not a certificate");
    if (X509_check_private_key(certificate.get(), held_->key.get()) != 1)
        throw key_failure(certificate_file_, "it is not the certificate of " + key_file_.string());
    certificate_sha256_ = sha256_of(certificate.get());
}

evp_pkey_st* station_key::native() const {
    return held_->key.get();
}

std::string station_key::sign(std::string_view bytes) const {
    const digest_pointer digest(EVP_MD_CTX_new());
    std::size_t size = 0;
    const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
    std::string signature;
    if (EVP_DigestSignInit_ex(digest.get(), nullptr, "SHA256", x509::library_context(), nullptr,
                              held_->key.get(), nullptr) == 1 &&
        EVP_DigestSign(digest.get(), nullptr, &size, data, bytes.size()) == 1) {
        signature.resize(size);
        if (EVP_DigestSign(digest.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, data,
                           bytes.size()) == 1) {
            signature.resize(size);
            return signature;
        }
    }
    throw key_failure(key_file_, "it does not sign");
}

bool is_certificate(std::string_view pem, std::string_view sha256) {
    const auto certificate = certificate_in(pem);
    const bio_pointer again(BIO_new(BIO_s_mem()));
    return certificate && PEM_write_bio_X509(again.get(), certificate.get()) == 1 &&
           text_in(again.get()) == pem && sha256_of(certificate.get()) == sha256;
}

bool is_signed_by(std::string_view certificate_pem, std::string_view bytes, std::string_view signature) {
    const auto certificate = certificate_in(certificate_pem);
    EVP_PKEY* key = certificate ? X509_get0_pubkey(certificate.get()) : nullptr;
    const digest_pointer digest(EVP_MD_CTX_new());
    return key != nullptr &&
           EVP_DigestVerifyInit_ex(digest.get(), nullptr, "SHA256", x509::library_context(), nullptr, key,
                                   nullptr) == 1 &&
           EVP_DigestVerify(digest.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                            signature.size(), reinterpret_cast<const unsigned char*>(bytes.data()),
                            bytes.size()) == 1;
}

}  // namespace fleetline::ledger
