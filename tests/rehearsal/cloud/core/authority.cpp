// SPDX-License-Identifier: Apache-2.0
#include "core/authority.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <stdexcept>

#include "core/text.hpp"

namespace fleetline::rehearsal {
namespace {

// AWS's issuer is ONE OU whose text only looks like five fields.
constexpr const char* issuer_text = "Amazon Web Services O=Amazon.com Inc. L=Seattle ST=Washington C=US";
constexpr long two_minutes = 120;
constexpr const char* device_not_after = "20491231235959Z";
constexpr const char* root_not_after = "20991231235959Z";

using name_ptr = std::unique_ptr<X509_NAME, frees<X509_NAME_free>>;
using bignum_ptr = std::unique_ptr<BIGNUM, frees<BN_free>>;
using public_key_ptr = std::unique_ptr<X509_PUBKEY, frees<X509_PUBKEY_free>>;
using extension_ptr = std::unique_ptr<X509_EXTENSION, frees<X509_EXTENSION_free>>;

void must(int result, const char* doing) {
    if (result == 1) return;
    ERR_clear_error();
    throw std::runtime_error(std::string{"OpenSSL cannot "} + doing);
}

name_ptr name_with(const char* field, const std::string& value) {
    name_ptr name{X509_NAME_new()};
    // Not MBSTRING_UTF8: that would hold AWS's issuer to X.520's 64 characters, which it exceeds.
    must(X509_NAME_add_entry_by_txt(name.get(), field, V_ASN1_UTF8STRING,
                                    reinterpret_cast<const unsigned char*>(value.data()),
                                    static_cast<int>(value.size()), -1, 0),
         "make a name");
    return name;
}

// 20 random bytes whose first bit is 0, so that DER keeps them at 20, and never starts with a zero byte.
void set_serial(X509& certificate) {
    std::string bytes = random_bytes(20);
    bytes[0] = static_cast<char>((bytes[0] & 0x7F) | 0x40);
    const bignum_ptr number{BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()), 20, nullptr)};
    must(BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(&certificate)) != nullptr ? 1 : 0,
         "set a serial");
}

void set_validity(X509& certificate, const char* not_after) {
    must(X509_gmtime_adj(X509_getm_notBefore(&certificate), -two_minutes) != nullptr ? 1 : 0, "set a date");
    must(ASN1_TIME_set_string_X509(X509_getm_notAfter(&certificate), not_after), "set a date");
}

public_key_ptr public_part(EVP_PKEY& key) {
    X509_PUBKEY* made = nullptr;
    must(X509_PUBKEY_set(&made, &key), "take a key");
    return public_key_ptr{made};
}

// As it is encoded there: OpenSSL 3.0 takes longer to encode a key than to sign with one of P-256.
void set_public_key(X509& certificate, X509_PUBKEY& from) {
    ASN1_OBJECT* algorithm = nullptr;
    const unsigned char* bits = nullptr;
    int length = 0;
    X509_ALGOR* parameters = nullptr;
    must(X509_PUBKEY_get0_param(&algorithm, &bits, &length, &parameters, &from), "read a key");
    X509_PUBKEY* const into = X509_get_X509_PUBKEY(&certificate);
    X509_ALGOR* algorithm_there = nullptr;
    const auto copy = static_cast<unsigned char*>(OPENSSL_memdup(bits, static_cast<std::size_t>(length)));
    must(copy != nullptr &&
                 X509_PUBKEY_set0_param(into, OBJ_dup(algorithm), V_ASN1_UNDEF, nullptr, copy, length) == 1
             ? 1
             : 0,
         "set a key");
    must(X509_PUBKEY_get0_param(nullptr, nullptr, nullptr, &algorithm_there, into), "set a key");
    must(X509_ALGOR_copy(algorithm_there, parameters), "set a key");
}

void add_extension(X509& certificate, X509& issuer, int nid, const char* value) {
    X509V3_CTX context{};
    X509V3_set_ctx(&context, &issuer, &certificate, nullptr, nullptr, 0);
    const extension_ptr extension{X509V3_EXT_conf_nid(nullptr, &context, nid, value)};
    must(extension != nullptr ? X509_add_ext(&certificate, extension.get(), -1) : 0, "add an extension");
}

x509_ptr self_signed_root(EVP_PKEY& key) {
    x509_ptr root{X509_new()};
    const name_ptr name = name_with("OU", issuer_text);
    must(X509_set_version(root.get(), X509_VERSION_3), "set a version");
    set_serial(*root);
    set_validity(*root, root_not_after);
    must(X509_set_subject_name(root.get(), name.get()), "set a subject");
    must(X509_set_issuer_name(root.get(), name.get()), "set an issuer");
    must(X509_set_pubkey(root.get(), &key), "set a key");
    add_extension(*root, *root, NID_subject_key_identifier, "hash");
    add_extension(*root, *root, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(*root, *root, NID_key_usage, "critical,keyCertSign,cRLSign");
    must(X509_sign(root.get(), &key, EVP_sha256()) > 0 ? 1 : 0, "sign the root");
    return root;
}

key_ptr key_from_pem(const std::string& pem) {
    const std::unique_ptr<BIO, frees<BIO_free_all>> bio{
        BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
    return key_ptr{PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr)};
}

}  // namespace

authority::authority(const std::filesystem::path& folder) {
    const auto key_pem = read_file(folder / "ca.key");
    const auto root_pem = read_file(folder / "ca.pem");
    if (key_pem && root_pem) {
        key_ = key_from_pem(*key_pem);
        root_ = certificate_from_pem(*root_pem);
        if (key_ == nullptr || root_ == nullptr || X509_check_private_key(root_.get(), key_.get()) != 1) {
            throw std::runtime_error("ca.pem and ca.key in " + folder.string() + " do not belong together");
        }
    } else {
        key_ = make_rsa_key();
        root_ = self_signed_root(*key_);
        write_file(folder / "ca.key", private_pem(*key_), 0600);
        write_file(folder / "ca.pem", pem_of(*root_));
    }
    root_pem_ = pem_of(*root_);
}

x509_ptr authority::sign(const X509_NAME* subject, X509_PUBKEY& key, bool server) const {
    x509_ptr fresh{X509_new()};
    must(X509_set_version(fresh.get(), X509_VERSION_3), "set a version");
    set_serial(*fresh);
    set_validity(*fresh, device_not_after);
    must(X509_set_subject_name(fresh.get(), subject), "set a subject");
    must(X509_set_issuer_name(fresh.get(), X509_get_subject_name(root_.get())), "set an issuer");
    set_public_key(*fresh, key);
    add_extension(*fresh, *root_, NID_authority_key_identifier, "keyid");
    add_extension(*fresh, *root_, NID_subject_key_identifier, "hash");
    add_extension(*fresh, *root_, NID_basic_constraints, "critical,CA:FALSE");
    add_extension(*fresh, *root_, NID_key_usage,
                  server ? "critical,digitalSignature,keyEncipherment" : "critical,digitalSignature");
    if (server) {
        add_extension(*fresh, *root_, NID_ext_key_usage, "serverAuth");
        add_extension(*fresh, *root_, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1");
    }
    must(X509_sign(fresh.get(), key_.get(), EVP_sha256()) > 0 ? 1 : 0, "sign a certificate");
    return fresh;
}

issued_certificate authority::issue_for_csr(const std::string& csr_pem) const {
    const x509_req_ptr request = check_csr(csr_pem);
    const x509_ptr fresh =
        sign(X509_REQ_get_subject_name(request.get()), *X509_REQ_get_X509_PUBKEY(request.get()), false);
    return {certificate_id_of(*fresh), pem_of(*fresh), {}, {}};
}

issued_certificate authority::issue_for_key(const EVP_PKEY& key, const std::string& common_name) const {
    // OpenSSL takes a reference of its own, hence no const in its signature.
    const public_key_ptr mine = public_part(const_cast<EVP_PKEY&>(key));
    const x509_ptr fresh = sign(name_with("CN", common_name).get(), *mine, false);
    return {certificate_id_of(*fresh), pem_of(*fresh), private_pem(key), public_pem(key)};
}

issued_certificate authority::issue_with_key() const {
    return issue_for_key(*make_rsa_key(), "AWS IoT Certificate");
}

issued_certificate authority::issue_server() const {
    const key_ptr key = make_rsa_key();
    const x509_ptr fresh = sign(name_with("CN", "localhost").get(), *public_part(*key), true);
    return {certificate_id_of(*fresh), pem_of(*fresh), private_pem(*key), public_pem(*key)};
}

}  // namespace fleetline::rehearsal
