// SPDX-License-Identifier: Apache-2.0
#include "ledger/signed_file.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>

#include "ledger/openssl_handles.hpp"
#include "ledger/station_key.hpp"

namespace fleetline::ledger {

namespace {

constexpr unsigned how = CMS_DETACHED | CMS_BINARY;

failure cannot_sign(const std::filesystem::path& file, std::string why) {
    ERR_clear_error();
    return failure("station-internal", "Signing a report", file.string(), std::move(why));
}

std::string encoded(int tag, bool constructed, std::string_view content) {
    const int length = static_cast<int>(content.size());
    std::string der(static_cast<std::size_t>(ASN1_object_size(constructed ? 1 : 0, length, tag)), '\0');
    auto* at = reinterpret_cast<unsigned char*>(der.data());
    ASN1_put_object(&at, constructed ? 1 : 0, length, tag, V_ASN1_UNIVERSAL);
    std::copy(content.begin(), content.end(), at);
    return der;
}

/// RFC 2634, 2.9: ContentHints, a description and the kind of content (id-data).
std::string content_hint(std::string_view description) {
    constexpr std::string_view data = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
    return encoded(V_ASN1_SEQUENCE, true,
                   encoded(V_ASN1_UTF8STRING, false, description) + encoded(V_ASN1_OBJECT, false, data));
}

/// The content of the object that `from` begins with, if it is one of this kind.
std::string_view decoded(int wanted, std::string_view from) {
    const auto* at = reinterpret_cast<const unsigned char*>(from.data());
    long length = 0;
    int tag = 0;
    int kind = 0;
    const int result = ASN1_get_object(&at, &length, &tag, &kind, static_cast<long>(from.size()));
    const bool indefinite_or_wrong = (result & 0x81) != 0;
    if (indefinite_or_wrong || tag != wanted || kind != V_ASN1_UNIVERSAL) return {};
    return {reinterpret_cast<const char*>(at), static_cast<std::size_t>(length)};
}

std::string description_in(CMS_SignerInfo* signer) {
    const int at = CMS_signed_get_attr_by_NID(signer, NID_id_smime_aa_contentHint, -1);
    X509_ATTRIBUTE* attribute = at < 0 ? nullptr : CMS_signed_get_attr(signer, at);
    const ASN1_TYPE* value = attribute == nullptr ? nullptr : X509_ATTRIBUTE_get0_type(attribute, 0);
    if (value == nullptr || value->type != V_ASN1_SEQUENCE) return {};
    const std::string_view der(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value->value.sequence)),
                               static_cast<std::size_t>(ASN1_STRING_length(value->value.sequence)));
    return std::string(decoded(V_ASN1_UTF8STRING, decoded(V_ASN1_SEQUENCE, der)));
}

reason last_error(const char* what) {
    const char* why = ERR_reason_error_string(ERR_peek_last_error());
    const std::string text = std::string(what) + (why == nullptr ? "" : std::string(" (") + why + ')');
    ERR_clear_error();
    return reason{text};
}

}  // namespace

std::string sign_file(const station_key& key, const std::filesystem::path& file,
                      std::string_view description) {
    const bio_pointer content(BIO_new_file(file.c_str(), "rb"));
    if (!content) throw cannot_sign(file, "it cannot be read");
    const auto certificate = certificate_in(key.certificate_pem());
    const cms_pointer made(CMS_sign_ex(nullptr, nullptr, nullptr, nullptr, how | CMS_PARTIAL | CMS_STREAM,
                                       x509::library_context(), nullptr));
    CMS_SignerInfo* signer =
        made && certificate
            ? CMS_add1_signer(made.get(), certificate.get(), key.native(), EVP_sha256(), how | CMS_NOSMIMECAP)
            : nullptr;
    const std::string hints = content_hint(description);
    unsigned char* der = nullptr;
    int size = 0;
    if (signer == nullptr ||
        CMS_signed_add1_attr_by_NID(signer, NID_id_smime_aa_contentHint, V_ASN1_SEQUENCE, hints.data(),
                                    static_cast<int>(hints.size())) != 1 ||
        CMS_final(made.get(), content.get(), nullptr, how) != 1 ||
        (size = i2d_CMS_ContentInfo(made.get(), &der)) <= 0)
        throw cannot_sign(file, last_error("it cannot be signed").text);
    std::string signature(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
    return signature;
}

checked<file_signature> check_signature(std::string_view der, const std::filesystem::path& file) {
    if (der.size() > longest_signature) return reason{"it is no signature: it is too long"};
    const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
    cms_pointer found(CMS_ContentInfo_new_ex(x509::library_context(), nullptr));
    CMS_ContentInfo* place = found.get();
    const bool readable = d2i_CMS_ContentInfo(&place, &bytes, static_cast<long>(der.size())) != nullptr;
    if (place == nullptr) (void)found.release();  // OpenSSL has freed it
    if (!readable || OBJ_obj2nid(CMS_get0_type(found.get())) != NID_pkcs7_signed)
        return last_error("it is no signature");
    auto* signers = CMS_get0_SignerInfos(found.get());
    if (signers == nullptr || sk_CMS_SignerInfo_num(signers) != 1)
        return reason{"it is not the signature of one station"};
    const bio_pointer content(BIO_new_file(file.c_str(), "rb"));
    if (!content) return last_error("the file cannot be read");
    // Whose certificate it is, is for the caller to judge: a station's is its own authority.
    if (CMS_verify(found.get(), nullptr, nullptr, content.get(), nullptr, how | CMS_NO_SIGNER_CERT_VERIFY) !=
        1)
        return last_error("the signature does not fit the file");
    auto* signer = sk_CMS_SignerInfo_value(signers, 0);
    X509* certificate = nullptr;
    CMS_SignerInfo_get0_algs(signer, nullptr, &certificate, nullptr, nullptr);
    const bio_pointer pem(BIO_new(BIO_s_mem()));
    if (certificate == nullptr || PEM_write_bio_X509(pem.get(), certificate) != 1)
        return last_error("whose signature it is cannot be told");
    file_signature checked;
    checked.description = description_in(signer);
    checked.certificate_pem = text_in(pem.get());
    checked.certificate_sha256 = sha256_of(certificate);
    return checked;
}

}  // namespace fleetline::ledger
