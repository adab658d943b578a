// SPDX-License-Identifier: Apache-2.0
#include "support/certificate_maker.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include <array>
#include <ctime>
#include <map>
#include <stdexcept>

namespace fleetline::test {

namespace {

void require(bool good, const char* what) {
    if (!good) throw std::runtime_error(std::string("certificate_maker: ") + what);
}

std::string to_pem(X509* certificate) {
    BIO* out = BIO_new(BIO_s_mem());
    require(PEM_write_bio_X509(out, certificate) == 1, "writing");
    char* data = nullptr;
    const long length = BIO_get_mem_data(out, &data);
    std::string pem(data, static_cast<std::size_t>(length));
    BIO_free(out);
    return pem;
}

/// Unsigned, without serial number and dates.
X509* blank(EVP_PKEY* key, const X509_NAME* subject, const X509_NAME* issuer) {
    X509* certificate = X509_new();
    X509_set_version(certificate, X509_VERSION_3);
    X509_set_subject_name(certificate, subject);
    X509_set_issuer_name(certificate, issuer);
    X509_set_pubkey(certificate, key);
    return certificate;
}

void complete(X509* certificate, EVP_PKEY* signer, std::chrono::days valid, std::time_t now) {
    std::array<unsigned char, 16> serial{};
    require(RAND_bytes(serial.data(), static_cast<int>(serial.size())) == 1, "random numbers");
    serial[0] = static_cast<unsigned char>((serial[0] & 0x7FU) | 0x01U);
    BIGNUM* number = BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr);
    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
    BN_free(number);
    X509_time_adj_ex(X509_getm_notBefore(certificate), -30, 0, &now);
    X509_time_adj_ex(X509_getm_notAfter(certificate), static_cast<int>(valid.count()), 0, &now);
    require(X509_sign(certificate, signer, EVP_sha256()) > 0, "signing");
}

}  // namespace

struct certificate_maker::authority {
    EVP_PKEY* key = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
    X509* certificate = nullptr;
    std::map<std::string, X509*> blanks;  ///< by request: a key takes longer to put in than to sign with

    authority() {
        X509_NAME* name = X509_NAME_new();
        X509_NAME_add_entry_by_txt(name, "OU", MBSTRING_ASC,
                                   reinterpret_cast<const unsigned char*>("Test CA"), -1, -1, 0);
        certificate = blank(key, name, name);
        complete(certificate, key, std::chrono::days{3650}, std::time(nullptr));
        X509_NAME_free(name);
    }
    ~authority() {
        for (const auto& [request, made] : blanks) X509_free(made);
        X509_free(certificate);
        EVP_PKEY_free(key);
    }
    authority(const authority&) = delete;
    authority& operator=(const authority&) = delete;
};

certificate_maker::certificate_maker() : ca_(std::make_unique<authority>()) {}
certificate_maker::~certificate_maker() = default;

std::string certificate_maker::issue(const std::string& csr_pem, std::chrono::days valid_for) const {
    return issue_at(std::chrono::floor<milliseconds>(std::chrono::system_clock::now()), csr_pem, valid_for);
}

std::string certificate_maker::issue_at(utc_time now, const std::string& csr_pem,
                                        std::chrono::days valid_for) const {
    X509*& certificate = ca_->blanks[csr_pem];
    if (certificate == nullptr) {
        BIO* in = BIO_new_mem_buf(csr_pem.data(), static_cast<int>(csr_pem.size()));
        X509_REQ* request = PEM_read_bio_X509_REQ(in, nullptr, nullptr, nullptr);
        BIO_free(in);
        require(request != nullptr, "reading the request");
        certificate = blank(X509_REQ_get0_pubkey(request), X509_REQ_get_subject_name(request),
                            X509_get_subject_name(ca_->certificate));
        X509_REQ_free(request);
    }
    complete(certificate, ca_->key, valid_for, std::chrono::system_clock::to_time_t(now));
    return to_pem(certificate);
}

std::string certificate_maker::ca_pem() const {
    return to_pem(ca_->certificate);
}

}  // namespace fleetline::test
