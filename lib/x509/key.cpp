// SPDX-License-Identifier: Apache-2.0
#include <openssl/pem.h>

#include <new>

#include "x509/openssl.hpp"
#include "x509/x509.hpp"

namespace fleetline::x509 {

namespace {

key_ptr read_private_key(const secret& pem) {
    const bio_ptr in = memory_reader(pem.reveal());
    return key_ptr{
        PEM_read_bio_PrivateKey_ex(in.get(), nullptr, nullptr, nullptr, library_context(), nullptr)};
}

}  // namespace

checked<std::string> parse_public_key(std::string_view pem) {
    const auto der = from_pem("PUBLIC KEY", pem);
    if (!der) return reason{der.why_not()};
    const auto* bytes = reinterpret_cast<const unsigned char*>(der->data());
    const key_ptr key{
        d2i_PUBKEY_ex(nullptr, &bytes, static_cast<long>(der->size()), library_context(), nullptr)};
    if (!key) return openssl_reason("not a public key");
    if (bytes != reinterpret_cast<const unsigned char*>(der->data()) + der->size())
        return reason{"bytes after the public key"};
    return public_key_der(key.get());
}

secret make_private_key() {
    const key_ptr key{EVP_PKEY_Q_keygen(library_context(), nullptr, "EC", "P-256")};
    // Secure-heap BIO: the PEM text is wiped when the BIO is freed.
    const bio_ptr out{BIO_new(BIO_s_secmem())};
    if (!key || !out ||
        PEM_write_bio_PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
        throw failure("station-internal", "Making a private key", "", openssl_reason("OpenSSL").text);
    char* data = nullptr;
    const long length = BIO_get_mem_data(out.get(), &data);
    return secret{std::string_view{data, static_cast<std::size_t>(length)}};
}

checked<csr> make_csr(const secret& private_key_pem, std::string_view name) {
    const key_ptr key = read_private_key(private_key_pem);
    if (!key) return openssl_reason("the private key cannot be read");
    const request_ptr request{X509_REQ_new_ex(library_context(), nullptr)};
    if (!request) throw std::bad_alloc();
    X509_NAME* subject = X509_REQ_get_subject_name(request.get());
    const auto* text = reinterpret_cast<const unsigned char*>(name.data());
    if (X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8, text,
                                   static_cast<int>(name.size()), -1, 0) != 1 ||
        X509_REQ_set_pubkey(request.get(), key.get()) != 1 ||
        X509_REQ_sign(request.get(), key.get(), EVP_sha256()) <= 0)
        return openssl_reason("the request cannot be made");
    unsigned char* bytes = nullptr;
    const int length = i2d_X509_REQ(request.get(), &bytes);
    if (length <= 0) return openssl_reason("the request cannot be written");
    const std::string der(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(length));
    OPENSSL_free(bytes);
    return parse_csr_der(der);
}

checked<bool> key_matches(const secret& private_key_pem, const certificate& certificate) {
    const key_ptr key = read_private_key(private_key_pem);
    if (!key) return openssl_reason("the private key cannot be read");
    return public_key_der(key.get()) == certificate.public_key;
}

}  // namespace fleetline::x509
