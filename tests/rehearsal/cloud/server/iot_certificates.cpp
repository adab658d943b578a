// SPDX-License-Identifier: Apache-2.0
// AWS IoT: certificates.
#include <openssl/asn1.h>

#include <array>
#include <ctime>

#include "server/aws_call.hpp"

namespace fleetline::rehearsal {
namespace {

using nlohmann::json;

std::string arn_of(const aws_call& call, const std::string& id) {
    return call.known.arn("cert/" + id);
}

// Provisioning claims are certificates too, but not ones that AWS shows.
certificate_record certificate_of(const aws_call& call) {
    const std::string& id = call.names.at(0);
    if (id.size() != 64 || id.find_first_not_of("0123456789abcdef") != std::string::npos)
        throw call.wrong("certificateId must be 64 hexadecimal digits");
    const auto found = call.known.certificate(id);
    if (!found || found->origin == "provisioning-claim") throw not_found("Certificate " + id);
    return *found;
}

json add(const aws_call& call, const issued_certificate& fresh, const char* origin) {
    certificate_record row;
    row.id = fresh.id;
    row.pem = fresh.pem;
    row.status = call.query_truth("setAsActive", false) ? "ACTIVE" : "INACTIVE";
    row.origin = origin;
    call.known.add_certificate(row);
    json answer = {{"certificateArn", arn_of(call, fresh.id)},
                   {"certificateId", fresh.id},
                   {"certificatePem", fresh.pem}};
    if (!fresh.private_key.empty())
        answer["keyPair"] = {{"PublicKey", fresh.public_key}, {"PrivateKey", fresh.private_key}};
    return answer;
}

json create_keys(const aws_call& call) {
    return add(call, call.context.ca.issue_with_key(), "rest-keys");
}

json create_from_csr(const aws_call& call) {
    const std::string csr = call.needed("certificateSigningRequest");
    try {
        return add(call, call.context.ca.issue_for_csr(csr), "rest-csr");
    } catch (const refusal& no) {
        throw call.wrong(no.what());
    }
}

double seconds_of(const ASN1_TIME* time) {
    std::tm broken_down{};
    if (ASN1_TIME_to_tm(time, &broken_down) != 1) return 0;
    return static_cast<double>(::timegm(&broken_down));
}

json describe(const aws_call& call) {
    const certificate_record row = certificate_of(call);
    json description = {{"certificateArn", arn_of(call, row.id)},
                        {"certificateId", row.id},
                        {"status", row.status},
                        {"certificatePem", row.pem},
                        {"ownedBy", call.known.account()},
                        {"creationDate", epoch_seconds(row.created_ms)},
                        {"lastModifiedDate", epoch_seconds(row.modified_ms)},
                        {"customerVersion", 1},
                        {"generationId", row.id.substr(0, 32)},
                        {"certificateMode", "DEFAULT"}};
    if (const x509_ptr certificate = certificate_from_pem(row.pem)) {
        description["validity"] = {{"notBefore", seconds_of(X509_get0_notBefore(certificate.get()))},
                                   {"notAfter", seconds_of(X509_get0_notAfter(certificate.get()))}};
    }
    return {{"certificateDescription", description}};
}

json list(const aws_call& call) {
    page wanted = page_of(call, "pageSize", "marker");
    wanted.ascending = call.query_truth("isAscendingOrder", false);
    std::vector<certificate_record> rows = call.known.certificates(one_more(wanted));
    const std::string more = cut_to(rows, wanted, [](const certificate_record& row) { return row.id; });
    json certificates = json::array();
    for (const certificate_record& row : rows) {
        certificates.push_back({{"certificateArn", arn_of(call, row.id)},
                                {"certificateId", row.id},
                                {"status", row.status},
                                {"certificateMode", "DEFAULT"},
                                {"creationDate", epoch_seconds(row.created_ms)}});
    }
    json answer = {{"certificates", certificates}};
    add_token(answer, "nextMarker", more);
    return answer;
}

json update(const aws_call& call) {
    const certificate_record row = certificate_of(call);
    const std::string status = call.query("newStatus");
    if (status != "ACTIVE" && status != "INACTIVE" && status != "REVOKED")
        throw call.wrong("newStatus must be ACTIVE, INACTIVE or REVOKED");
    if (row.status != status) call.known.set_certificate_status(row.id, status);
    return {};
}

json remove(const aws_call& call) {
    const certificate_record row = certificate_of(call);
    if (row.status == "ACTIVE") {
        throw refusal{406, "CertificateStateException",
                      "Certificate must be deactivated (not ACTIVE) before deletion"};
    }
    const std::string target = "cert/" + row.id;
    if (!call.known.things_of(row.id).empty())
        throw refusal{409, "DeleteConflictException",
                      "Things must be detached before deletion (arn: " + arn_of(call, row.id) + ")"};
    if (!call.query_truth("forceDelete", false) && !call.known.policies_of(target).empty()) {
        throw refusal{
            409, "DeleteConflictException",
            "Certificate policies must be detached before deletion (arn: " + arn_of(call, row.id) + ")"};
    }
    call.known.delete_certificate(row.id);
    return {};
}

constexpr std::array routes = {aws_route{"POST", "/keys-and-certificate", create_keys},
                               aws_route{"POST", "/certificates", create_from_csr},
                               aws_route{"GET", "/certificates", list},
                               aws_route{"GET", "/certificates/{}", describe},
                               aws_route{"PUT", "/certificates/{}", update},
                               aws_route{"DELETE", "/certificates/{}", remove}};

}  // namespace

aws_routes iot_certificate_routes() {
    return routes;
}

}  // namespace fleetline::rehearsal
