// SPDX-License-Identifier: Apache-2.0
#include "server/bootstrap.hpp"

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "core/authority.hpp"
#include "core/limits.hpp"
#include "core/policy.hpp"
#include "core/provisioning_template.hpp"
#include "core/text.hpp"
#include "server/claims.hpp"

namespace fleetline::rehearsal {
namespace {

using json = nlohmann::ordered_json;

json statement(const json& actions, const json& resources) {
    return {{"Effect", "Allow"}, {"Action", actions}, {"Resource", resources}};
}

// A thing may connect as itself, and publish, subscribe and receive below its own name.
std::string thing_policy(registry& known) {
    const std::string thing = "${iot:Connection.Thing.ThingName}";
    json connect = statement("iot:Connect", known.arn("client/" + thing));
    connect["Condition"] = {{"Bool", {{"iot:Connection.Thing.IsAttached", "true"}}}};
    return json{{"Version", "2012-10-17"},
                {"Statement",
                 {connect, statement({"iot:Publish", "iot:Receive"}, known.arn("topic/" + thing + "/*")),
                  statement("iot:Subscribe", known.arn("topicfilter/" + thing + "/*"))}}}
        .dump();
}

std::string template_body(registry& known) {
    const json serial = {{"Ref", "SerialNumber"}};
    const json body = {
        {"Parameters", {{"SerialNumber", {{"Type", "String"}}}}},
        {"Resources",
         {{"thing",
           {{"Type", "AWS::IoT::Thing"},
            {"Properties",
             {{"ThingName", {{"Fn::Join", json::array({"-", json::array({"fleetline", serial})})}}},
              {"AttributePayload", {{"serialNumber", serial}}}}},
            {"OverrideSettings", {{"AttributePayload", "MERGE"}}}}},
          {"certificate",
           {{"Type", "AWS::IoT::Certificate"},
            {"Properties",
             {{"CertificateId", {{"Ref", "AWS::IoT::Certificate::Id"}}}, {"Status", "ACTIVE"}}}}},
          {"policy",
           {{"Type", "AWS::IoT::Policy"}, {"Properties", {{"PolicyDocument", thing_policy(known)}}}}}}},
        {"DeviceConfiguration",
         {{"serialNumber", serial},
          {"certificateId", {{"Ref", "AWS::IoT::Certificate::Id"}}},
          {"environment", "rehearsal"}}}};
    return body.dump(2);
}

void make_server_certificate(const options& chosen, const authority& ca) {
    if (std::filesystem::exists(chosen.folder / "server.pem")) return;
    const issued_certificate server = ca.issue_server();
    write_file(chosen.folder / "server.key", server.private_key, 0600);
    write_file(chosen.folder / "server.pem", server.pem);
}

void make_template(const options& chosen, registry& known) {
    if (known.provisioning_template(chosen.template_name)) return;
    template_record recipe;
    recipe.name = chosen.template_name;
    recipe.description = "Boards of the rehearsal";
    recipe.enabled = true;
    recipe.role_arn = "arn:aws:iam::" + known.account() + ":role/fleetline-rehearsal";
    recipe.body = template_body(known);
    check_template(recipe.body);
    known.add_template(recipe);
}

void make_claim(const options& chosen, registry& known, const authority& ca) {
    const std::string policy = chosen.template_name + "-claim";
    if (!known.policy(policy)) known.add_policy(policy, claim_policy(known, chosen.template_name));
    if (!std::filesystem::exists(chosen.folder / "claim.pem")) {
        const issued_certificate claim = ca.issue_for_key(*make_p256_key(), "fleetline rehearsal claim");
        write_file(chosen.folder / "claim.key", claim.private_key, 0600);
        write_file(chosen.folder / "claim.pem", claim.pem);
    }
    const x509_ptr claim = certificate_from_pem(read_file(chosen.folder / "claim.pem").value_or(""));
    if (claim == nullptr) throw std::runtime_error("claim.pem is not a certificate");
    const std::string id = certificate_id_of(*claim);
    if (!known.certificate(id)) {
        certificate_record row;
        row.id = id;
        row.pem = pem_of(*claim);
        row.status = "ACTIVE";
        row.origin = "claim";
        row.claim_template = chosen.template_name;
        known.add_certificate(row);
    }
    known.attach_policy(policy, "cert/" + id);
}

void set_limits(const options& chosen, registry& known) {
    for (const std::string& assignment : chosen.limits) {
        const std::size_t equals = assignment.find('=');
        const std::string name = assignment.substr(0, equals);
        bool known_name = false;
        for (const named_limit& one : limit_names) known_name = known_name || name == one.name;
        if (!known_name || equals == std::string::npos) {
            throw std::runtime_error("--limit needs NAME=NUMBER with a known name, not " + assignment);
        }
        known.set_limit(name, std::stoll(assignment.substr(equals + 1)));
    }
}

}  // namespace

void bootstrap(const options& chosen, registry& known) {
    known.set_meta("region", chosen.region);
    if (!known.meta("account")) known.set_meta("account", "123456789012");
    known.set_meta("claim_lifetime_s", std::to_string(chosen.claim_lifetime_s));
    const authority ca{chosen.folder};
    make_server_certificate(chosen, ca);
    make_template(chosen, known);
    make_claim(chosen, known, ca);
    set_limits(chosen, known);
}

}  // namespace fleetline::rehearsal
