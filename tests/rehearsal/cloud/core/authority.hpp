// SPDX-License-Identifier: Apache-2.0
// The certificate authority of the rehearsal: makes its own key and root once, then certificates that look as
// AWS IoT's do (facts in README.md) and a server certificate. Immutable after construction, so any thread may
// call it. OpenSSL failures throw std::runtime_error; a CSR that is not acceptable throws refusal.
#pragma once

#include <openssl/x509.h>

#include <filesystem>
#include <memory>
#include <string>

namespace fleetline::rehearsal {

template <auto Free>
struct frees {
    template <class T>
    void operator()(T* thing) const {
        Free(thing);
    }
};
using key_ptr = std::unique_ptr<EVP_PKEY, frees<EVP_PKEY_free>>;
using x509_ptr = std::unique_ptr<X509, frees<X509_free>>;
using x509_req_ptr = std::unique_ptr<X509_REQ, frees<X509_REQ_free>>;

// The DER of a certificate, its id as AWS computes it (SHA-256 of the DER), and PEM.
std::string der_of(const X509& certificate);
std::string certificate_id_of(const X509& certificate);
std::string pem_of(const X509& certificate);
x509_ptr certificate_from_pem(const std::string& pem);  // nullptr if it is none

key_ptr make_rsa_key(unsigned bits = 2048);
key_ptr make_p256_key();
std::string private_pem(const EVP_PKEY& key);  // RSA: "BEGIN RSA PRIVATE KEY", as AWS gives it
std::string public_pem(const EVP_PKEY& key);

// Checks what AWS checks: PEM, own signature, RSA >= 2048 or P-256/P-384/P-521, at most 4096 characters.
x509_req_ptr check_csr(const std::string& pem);
std::string common_name_of(const X509_NAME* name);  // empty: none

struct issued_certificate {
    std::string id;
    std::string pem;
    std::string private_key;  // empty where the device has it
    std::string public_key;   // likewise
};

class authority {
  public:
    // Loads `ca.pem` and `ca.key` from the folder, making both at the first start.
    explicit authority(const std::filesystem::path& folder);

    issued_certificate issue_for_csr(const std::string& csr_pem) const;
    issued_certificate issue_with_key() const;  // subject CN=AWS IoT Certificate, RSA-2048
    issued_certificate issue_for_key(const EVP_PKEY& key, const std::string& common_name) const;
    // SAN localhost, 127.0.0.1, ::1.
    issued_certificate issue_server() const;
    const std::string& root_pem() const { return root_pem_; }

  private:
    x509_ptr sign(const X509_NAME* subject, X509_PUBKEY& key, bool server) const;

    key_ptr key_;
    x509_ptr root_;
    std::string root_pem_;
};

}  // namespace fleetline::rehearsal
