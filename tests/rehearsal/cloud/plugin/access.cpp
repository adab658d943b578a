// SPDX-License-Identifier: Apache-2.0
#include "plugin/access.hpp"

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/err.h>

#include <algorithm>
#include <array>

#include "core/authority.hpp"
#include "core/refusal.hpp"

namespace fleetline::rehearsal {
namespace {

struct named_field {
    int nid;
    const char* name;
};

// AWS's names of the subject and issuer fields.
constexpr std::array fields = {named_field{NID_commonName, "CommonName"},
                               named_field{NID_countryName, "Country"},
                               named_field{NID_organizationName, "Organization"},
                               named_field{NID_organizationalUnitName, "OrganizationalUnit"},
                               named_field{NID_stateOrProvinceName, "State"},
                               named_field{NID_localityName, "LocalityName"},
                               named_field{NID_serialNumber, "SerialNumber"},
                               named_field{NID_dnQualifier, "DistinguishedNameQualifier"},
                               named_field{NID_title, "Title"},
                               named_field{NID_surname, "Surname"},
                               named_field{NID_givenName, "GivenName"},
                               named_field{NID_initials, "Initials"},
                               named_field{NID_pseudonym, "Pseudonym"},
                               named_field{NID_generationQualifier, "GenerationQualifier"}};

std::string text_of(const ASN1_STRING& value) {
    unsigned char* raw = nullptr;
    const int length = ASN1_STRING_to_UTF8(&raw, &value);
    if (length < 0) {
        ERR_clear_error();
        return {};
    }
    std::string text{reinterpret_cast<const char*>(raw), static_cast<std::size_t>(length)};
    OPENSSL_free(raw);
    return text;
}

// A field that occurs several times is Name.0, Name.1, ... and its first also Name.
void add_name(string_map& variables, const std::string& prefix, const X509_NAME* name) {
    for (const named_field& field : fields) {
        int count = 0;
        for (int at = X509_NAME_get_index_by_NID(name, field.nid, -1); at >= 0;
             at = X509_NAME_get_index_by_NID(name, field.nid, at)) {
            const std::string value = text_of(*X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
            if (count == 0) variables[prefix + field.name] = value;
            variables[prefix + field.name + "." + std::to_string(count++)] = value;
        }
    }
}

void add_serial(string_map& variables, const X509& certificate) {
    BIGNUM* number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(&certificate), nullptr);
    if (number == nullptr) return;
    char* hex = BN_bn2hex(number);
    if (hex != nullptr) variables["iot:Certificate.SerialNumber"] = hex;
    OPENSSL_free(hex);
    BN_free(number);
}

}  // namespace

principal access::identify(const std::string& client_id, const std::string& address, X509& certificate) {
    principal who;
    who.client_id = client_id;
    who.certificate_id = certificate_id_of(certificate);
    who.variables["iot:ClientId"] = client_id;
    who.variables["aws:SourceIp"] = address;
    add_name(who.variables, "iot:Certificate.Subject.", X509_get_subject_name(&certificate));
    add_name(who.variables, "iot:Certificate.Issuer.", X509_get_issuer_name(&certificate));
    add_serial(who.variables, certificate);
    return who;
}

std::string access::status(const std::string& certificate_id) {
    const auto found = registry_.certificate(certificate_id);
    return found ? found->status : std::string{};
}

std::int64_t access::epoch() {
    if (looked_) return epoch_;
    looked_ = true;
    const std::int64_t version = registry_.data_version();
    if (version == data_version_) return epoch_;
    data_version_ = version;
    const std::int64_t now = registry_.epoch();
    if (now != epoch_) arn_prefix_ = registry_.arn("");
    epoch_ = now;
    return epoch_;
}

bool access::allows(principal& who, const std::string& action, const std::string& resource) {
    if (who.seen_epoch != epoch()) refresh(who);
    std::vector<const policy_document*> documents;
    documents.reserve(who.policies.size());
    for (const auto& policy : who.policies) documents.push_back(policy.get());
    return evaluate(documents, {action, arn_prefix_ + resource, who.all_variables}) == verdict::allow;
}

void access::add_thing_variables(principal& who) {
    const auto thing = registry_.thing(who.client_id);
    if (!thing) return;
    const std::vector<std::string> attached = registry_.things_of(who.certificate_id);
    const bool is_attached = std::find(attached.begin(), attached.end(), thing->name) != attached.end();
    who.all_variables["iot:Connection.Thing.IsAttached"] = is_attached ? "true" : "false";
    if (!is_attached) return;
    who.all_variables["iot:Connection.Thing.ThingName"] = thing->name;
    who.all_variables["iot:Thing.ThingName"] = thing->name;  // the older name, still in AWS's examples
    if (!thing->type.empty()) who.all_variables["iot:Connection.Thing.ThingTypeName"] = thing->type;
    for (const auto& [name, value] : thing->attributes) {
        who.all_variables["iot:Connection.Thing.Attributes[" + name + "]"] = value;
    }
}

void access::refresh(principal& who) {
    who.seen_epoch = epoch();
    who.all_variables = who.variables;
    add_thing_variables(who);
    std::vector<std::string> targets{"cert/" + who.certificate_id};
    if (who.all_variables.contains("iot:Connection.Thing.ThingName")) {
        for (const std::string& group : registry_.groups_of(who.client_id))
            targets.push_back("thinggroup/" + group);
    }
    who.policies.clear();
    for (const std::string& target : targets) {
        for (const policy_record& policy : registry_.policies_of(target)) {
            who.policies.push_back(parsed(policy.document));
        }
    }
}

std::shared_ptr<const policy_document> access::parsed(const std::string& document) {
    auto& kept = documents_[document];
    if (kept == nullptr) {
        try {
            kept = std::make_shared<const policy_document>(parse_policy(document));
        } catch (const refusal&) {  // cannot be created, but the file may have been edited: it allows nothing
            kept = std::make_shared<const policy_document>();
        }
    }
    return kept;
}

}  // namespace fleetline::rehearsal
