// SPDX-License-Identifier: Apache-2.0
#include "crypto.hpp"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include <array>
#include <memory>
#include <stdexcept>

#include "der.hpp"

namespace fleetline::rehearsal_board {

namespace {

using key_ptr = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using bio_ptr = std::unique_ptr<BIO, decltype(&BIO_free)>;

const unsigned char* raw(std::string_view bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}

key_ptr parse_key(const std::string& text) {
    const bio_ptr in(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free);
    return {PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr), EVP_PKEY_free};
}

std::string sign(EVP_PKEY* key, std::string_view bytes) {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    std::size_t size = 0;
    std::string signature;
    if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
        EVP_DigestSign(context.get(), nullptr, &size, raw(bytes), bytes.size()) == 1) {
        signature.resize(size);
        if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                           raw(bytes), bytes.size()) == 1) {
            signature.resize(size);
            return signature;
        }
    }
    throw std::runtime_error("cannot sign");
}

// KeyUsage digitalSignature and nsCertType sslClient happen to be the same bit string.
std::string first_bit() {
    return der::octets(std::string_view("\x03\x02\x07\x80", 4));
}
std::string netscape_client() {
    return der::sequence({der::oid("\x60\x86\x48\x01\x86\xf8\x42\x01\x01"), first_bit()});
}

std::string signed_with_defect(EVP_PKEY* key, const std::string& content) {
    return der::sequence({content, der::ecdsa_with_null(), der::bits(sign(key, content))});
}

std::string spki_of(EVP_PKEY* key) {
    unsigned char* out = nullptr;
    const int size = i2d_PUBKEY(key, &out);
    if (size <= 0) return {};
    std::string bytes(reinterpret_cast<const char*>(out), static_cast<std::size_t>(size));
    OPENSSL_free(out);
    return bytes;
}

std::string extensions_of_self_signed(std::string_view spki) {
    // The identifier is the SHA-1 of the key's bits: what follows the BIT STRING's header and pad count.
    const auto point = spki.substr(spki.size() - 65);
    std::string id(SHA_DIGEST_LENGTH, '\0');
    SHA1(raw(point), point.size(), reinterpret_cast<unsigned char*>(id.data()));
    const auto extension = [](std::string_view oid, const std::string& value) {
        return der::sequence({der::oid(oid), der::octets(value)});
    };
    const std::string critical("\x01\x01\xff", 3);
    return der::element(0xa3,
                        der::sequence({netscape_client(), extension("\x55\x1d\x13", der::sequence({})),
                                       extension("\x55\x1d\x0e", der::octets(id)),
                                       extension("\x55\x1d\x23", der::sequence({der::element(0x80, id)})),
                                       der::sequence({der::oid("\x55\x1d\x0f"), critical, first_bit()})}));
}

}  // namespace

std::string generate_key() {
    const key_ptr key(EVP_EC_gen("P-256"), EVP_PKEY_free);
    const bio_ptr out(BIO_new(BIO_s_secmem()), BIO_free);
    if (!key || !out ||
        PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
        throw std::runtime_error("cannot make a key pair");
    char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

std::string public_key_of(const std::string& private_key_pem) {
    const auto key = parse_key(private_key_pem);
    return key ? spki_of(key.get()) : std::string();
}

bool is_public_key(std::string_view bytes) {
    const unsigned char* at = raw(bytes);
    const key_ptr key(d2i_PUBKEY(nullptr, &at, static_cast<long>(bytes.size())), EVP_PKEY_free);
    return key != nullptr;
}

std::optional<std::string> subject_of(std::string_view thing_name) {
    std::string subject;
    for (std::size_t i = 0; i < thing_name.size(); ++i) {
        char c = thing_name[i];
        if (c == ',') return std::nullopt;  // what follows would have to be another attribute
        if (c == '\\') {
            if (++i == thing_name.size() || thing_name[i] != ',') return std::nullopt;
            c = ',';
        }
        subject += c;
    }
    return subject;
}

std::string make_csr(const std::string& private_key_pem, std::string_view subject) {
    const auto key = parse_key(private_key_pem);
    if (!key) throw std::runtime_error("no private key");
    const auto key_usage = der::sequence({der::oid("\x55\x1d\x0f"), first_bit()});
    const auto request = der::sequence({der::oid("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e"),
                                        der::set(der::sequence({key_usage, netscape_client()}))});
    const std::string version("\x02\x01\x00", 3);
    const auto content =
        der::sequence({version, der::common_name(subject), spki_of(key.get()), der::element(0xa0, request)});
    return signed_with_defect(key.get(), content);
}

std::string make_self_signed(const std::string& private_key_pem, std::string_view subject) {
    const auto key = parse_key(private_key_pem);
    if (!key) throw std::runtime_error("no private key");
    auto serial = random_bytes(8);
    if ((serial.front() & 0x80) != 0) serial.insert(0, 1, '\0');
    const auto spki = spki_of(key.get());
    const auto name = der::common_name(subject);
    const std::string version("\xa0\x03\x02\x01\x02", 5);
    const auto content = der::sequence(
        {version, der::element(0x02, serial), der::ecdsa_with_null(), name,
         der::sequence({der::element(0x18, "19700101000000Z"), der::element(0x18, "20691231235959Z")}), name,
         spki, extensions_of_self_signed(spki)});
    return signed_with_defect(key.get(), content);
}

std::optional<std::string> certificate_in(std::string_view bytes) {
    const unsigned char* at = raw(bytes);
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(
        d2i_X509(nullptr, &at, static_cast<long>(bytes.size())), X509_free);
    if (!certificate || X509_get0_pubkey(certificate.get()) == nullptr) return std::nullopt;
    return std::string(bytes.substr(0, static_cast<std::size_t>(at - raw(bytes))));
}

std::string sha256_hex(std::string_view bytes) {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    SHA256(raw(bytes), bytes.size(), digest.data());
    std::string out;
    for (const unsigned char byte : digest) {
        out += "0123456789abcdef"[byte >> 4];
        out += "0123456789abcdef"[byte & 0xf];
    }
    return out;
}

std::string random_bytes(std::size_t count) {
    std::string out(count, '\0');
    if (RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(count)) != 1)
        throw std::runtime_error("no random bytes");
    return out;
}

}  // namespace fleetline::rehearsal_board
