// SPDX-License-Identifier: Apache-2.0
// Certificates look as AWS's do, and only CSRs that AWS would take are taken.
#include <openssl/asn1.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <catch2/catch.hpp>

#include "board.hpp"
#include "core/refusal.hpp"
#include "core/text.hpp"

using namespace fleetline::rehearsal;
using rehearsal_test::csr_for;
using rehearsal_test::scratch_folder;

namespace {

std::string one_line(const X509_NAME* name) {
    char* text = X509_NAME_oneline(name, nullptr, 0);
    std::string line{text};
    OPENSSL_free(text);
    return line;
}

key_ptr ec_key(const char* curve) {
    return key_ptr{EVP_EC_gen(curve)};
}

}  // namespace

TEST_CASE("An issued certificate has the shape of AWS's") {
    const scratch_folder folder;
    const authority ca{folder.path()};
    const key_ptr key = make_p256_key();
    const issued_certificate issued = ca.issue_for_csr(csr_for(*key, "SN1"));
    const x509_ptr certificate = certificate_from_pem(issued.pem);
    REQUIRE(certificate);

    CHECK(issued.id == sha256_hex(der_of(*certificate)));
    CHECK(issued.private_key.empty());
    CHECK(EVP_PKEY_eq(X509_get0_pubkey(certificate.get()), key.get()) == 1);
    CHECK(common_name_of(X509_get_subject_name(certificate.get())) == "SN1");
    const X509_NAME* issuer = X509_get_issuer_name(certificate.get());
    CHECK(X509_NAME_entry_count(issuer) == 1);
    CHECK(one_line(issuer) == "/OU=Amazon Web Services O=Amazon.com Inc. L=Seattle ST=Washington C=US");
    CHECK(ASN1_STRING_length(X509_get0_serialNumber(certificate.get())) == 20);
    const ASN1_TIME* end = X509_get0_notAfter(certificate.get());
    CHECK(std::string{reinterpret_cast<const char*>(ASN1_STRING_get0_data(end))} == "491231235959Z");
    CHECK(X509_get_signature_nid(certificate.get()) == NID_sha256WithRSAEncryption);
    CHECK(X509_get_ext_by_NID(certificate.get(), NID_ext_key_usage, -1) < 0);
    CHECK(X509_get_ext_by_NID(certificate.get(), NID_subject_alt_name, -1) < 0);

    const x509_ptr root = certificate_from_pem(ca.root_pem());
    CHECK(X509_verify(certificate.get(), X509_get0_pubkey(root.get())) == 1);
}

TEST_CASE("The same CSR twice gives two certificates") {
    const scratch_folder folder;
    const authority ca{folder.path()};
    const std::string csr = csr_for(*make_p256_key(), "SN1");
    CHECK(ca.issue_for_csr(csr).id != ca.issue_for_csr(csr).id);
}

TEST_CASE("The CA is the same after a restart") {
    const scratch_folder folder;
    const std::string first = authority{folder.path()}.root_pem();
    CHECK(authority{folder.path()}.root_pem() == first);
}

TEST_CASE("Keys that AWS takes are taken, others refused") {
    CHECK_NOTHROW(check_csr(csr_for(*make_p256_key(), "x")));
    CHECK_NOTHROW(check_csr(csr_for(*ec_key("P-384"), "x")));
    CHECK_NOTHROW(check_csr(csr_for(*ec_key("P-521"), "x")));
    CHECK_NOTHROW(check_csr(csr_for(*make_rsa_key(2048), "x")));
    CHECK_THROWS_AS(check_csr(csr_for(*make_rsa_key(1024), "x")), refusal);
    CHECK_THROWS_AS(check_csr(csr_for(*ec_key("P-224"), "x")), refusal);
    CHECK_THROWS_AS(check_csr(csr_for(*ec_key("secp256k1"), "x")), refusal);
}

TEST_CASE("A CSR that is none, is damaged or does not sign itself is refused") {
    const std::string good = csr_for(*make_p256_key(), "SN1");
    CHECK_THROWS_AS(check_csr(""), refusal);
    CHECK_THROWS_AS(check_csr("-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n"),
                    refusal);
    CHECK_THROWS_AS(check_csr(good.substr(0, good.size() / 2)), refusal);
    CHECK_THROWS_AS(check_csr(good + std::string(4096, ' ')), refusal);

    const std::size_t begin = good.find('\n') + 1;
    std::string body;
    for (const char c : good.substr(begin, good.find("-----END") - begin)) {
        if (c != '\n') body += c;
    }
    std::string der = base64_decode(body).value();
    for (std::size_t at = 0; at < der.size(); ++at) {  // any bit anywhere
        std::string damaged = der;
        damaged[at] = static_cast<char>(damaged[at] ^ 4);
        const std::string pem = "-----BEGIN CERTIFICATE REQUEST-----\n" + base64_encode(damaged) +
                                "\n-----END CERTIFICATE REQUEST-----\n";
        INFO("byte " << at);
        CHECK_THROWS_AS(check_csr(pem), refusal);
    }
}

TEST_CASE("Keys made by the cloud are RSA-2048 and belong to their certificate") {
    const scratch_folder folder;
    const issued_certificate issued = authority{folder.path()}.issue_with_key();
    CHECK(issued.private_key.find("-----BEGIN RSA PRIVATE KEY-----") == 0);
    const x509_ptr certificate = certificate_from_pem(issued.pem);
    CHECK(EVP_PKEY_get_bits(X509_get0_pubkey(certificate.get())) == 2048);
    CHECK(common_name_of(X509_get_subject_name(certificate.get())) == "AWS IoT Certificate");
}
