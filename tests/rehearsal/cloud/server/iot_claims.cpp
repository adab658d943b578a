// SPDX-License-Identifier: Apache-2.0
// AWS IoT: provisioning by trusted user, that is claims which are good for five minutes.
#include <array>

#include "server/aws_call.hpp"
#include "server/claims.hpp"

namespace fleetline::rehearsal {
namespace {

using nlohmann::json;

constexpr std::int64_t five_minutes_s = 300;

json create_claim(const aws_call& call) {
    const std::string& name = call.names.at(0);
    if (!call.known.provisioning_template(name)) throw not_found("Provisioning template " + name);
    const std::string policy = hidden_policy_name(name);
    if (!call.known.policy(policy)) call.known.add_policy(policy, claim_policy(call.known, name));
    const issued_certificate claim = call.context.ca.issue_with_key();
    const std::string lifetime = call.known.meta("claim_lifetime_s").value_or(std::to_string(five_minutes_s));
    certificate_record row;
    row.id = claim.id;
    row.pem = claim.pem;
    row.status = "ACTIVE";
    row.origin = "provisioning-claim";
    row.claim_template = name;
    row.expires_ms = call.known.now_ms() + std::stoll(lifetime) * 1000;
    call.known.add_certificate(row);
    call.known.attach_policy(policy, "cert/" + claim.id);
    return {{"certificateId", claim.id},
            {"certificatePem", claim.pem},
            {"keyPair", {{"PublicKey", claim.public_key}, {"PrivateKey", claim.private_key}}},
            {"expiration", epoch_seconds(*row.expires_ms)}};
}

constexpr std::array routes = {
    aws_route{"POST", "/provisioning-templates/{}/provisioning-claim", create_claim}};

}  // namespace

std::string claim_policy(registry& known, const std::string& template_name) {
    using ordered = nlohmann::ordered_json;
    ordered topics = ordered::array();
    ordered filters = ordered::array();
    for (const std::string& topic :
         {std::string{"$aws/certificates/create-from-csr/*"}, std::string{"$aws/certificates/create/*"},
          "$aws/provisioning-templates/" + template_name + "/provision/*"}) {
        topics.push_back(known.arn("topic/" + topic));
        filters.push_back(known.arn("topicfilter/" + topic));
    }
    const auto statement = [](const ordered& actions, const ordered& resources) {
        return ordered{{"Effect", "Allow"}, {"Action", actions}, {"Resource", resources}};
    };
    const ordered document = {
        {"Version", "2012-10-17"},
        {"Statement",
         {statement("iot:Connect", known.arn("client/*")), statement({"iot:Publish", "iot:Receive"}, topics),
          statement("iot:Subscribe", filters)}}};
    return document.dump();
}

std::string hidden_policy_name(std::string_view template_name) {
    return "provisioning-claim/" + std::string{template_name};
}

bool is_hidden_policy(std::string_view name) {
    return name.find('/') != std::string_view::npos;
}

void forget_claims(registry& known, const std::string& template_name) {
    const std::string policy = hidden_policy_name(template_name);
    if (!known.policy(policy)) return;
    for (const std::string& target : known.targets_of(policy)) {
        known.delete_certificate(target.substr(target.find('/') + 1));
    }
    known.delete_policy(policy);
}

aws_routes iot_claim_routes() {
    return routes;
}

}  // namespace fleetline::rehearsal
