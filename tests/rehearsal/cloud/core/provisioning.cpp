// SPDX-License-Identifier: Apache-2.0
#include "core/provisioning.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/policy.hpp"
#include "core/refusal.hpp"
#include "core/text.hpp"

namespace fleetline::rehearsal {
namespace {

using nlohmann::json;

// AWS's token is base64 of {"version":"20191023","cipher":"..."}; ours has the same shape and length, and no
// content.
std::string fresh_token() {
    const json inside = {{"version", "20191023"}, {"cipher", base64_encode(random_bytes(384))}};
    return base64_encode(inside.dump());
}

std::string text_field(const json& body, const char* key) {
    const auto found = body.find(key);
    if (found == body.end()) return {};
    if (!found->is_string()) throw refusal{400, "InvalidPayload", std::string{key} + " must be a string."};
    return found->get<std::string>();
}

json body_of(const device_request& request) {
    json body = decode(request.payload, request.format);
    if (!body.is_object()) throw refusal{400, "InvalidPayload", "The payload must be a map."};
    return body;
}

string_map parameters_of(const json& body) {
    string_map parameters;
    const auto found = body.find("parameters");
    if (found == body.end() || found->is_null()) return parameters;
    if (!found->is_object()) throw refusal{400, "InvalidPayload", "parameters must be a map."};
    for (const auto& [name, value] : found->items()) {
        if (!value.is_string()) throw refusal{400, "InvalidPayload", "parameters must be strings: " + name};
        parameters[name] = value.get<std::string>();
    }
    return parameters;
}

std::optional<encoding> encoding_of(std::string_view word) {
    if (word == "json") return encoding::json;
    if (word == "cbor") return encoding::cbor;
    return std::nullopt;
}

// The function's name in arn:aws:lambda:REGION:ACCOUNT:function:NAME[:VERSION]
std::string function_in(const std::string& arn) {
    const std::vector<std::string> parts = split(arn, ':');
    return parts.size() >= 7 ? parts[6] : arn;
}

// Conditions of a permission: which template asks, and whose it is.
bool iot_may_invoke(const std::vector<permission_record>& permissions, const std::string& template_arn,
                    const std::string& account) {
    return std::any_of(permissions.begin(), permissions.end(), [&](const permission_record& one) {
        return one.principal == "iot.amazonaws.com" &&
               (one.action == "lambda:InvokeFunction" || one.action == "lambda:*" || one.action == "*") &&
               (one.source_arn.empty() || matches_pattern(one.source_arn, template_arn, {})) &&
               (one.source_account.empty() || one.source_account == account);
    });
}

refusal access_denied() {
    return {403, "AccessDenied", "Access denied."};
}

}  // namespace

std::string_view name_of(operation which) {
    switch (which) {
        case operation::create_certificate_from_csr:
            return "CreateCertificateFromCsr";
        case operation::create_keys_and_certificate:
            return "CreateKeysAndCertificate";
        case operation::register_thing:
            return "RegisterThing";
    }
    return "";
}

std::optional<device_request> request_on(std::string_view topic) {
    const std::vector<std::string> parts = split(topic, '/');
    const auto format = encoding_of(parts.back());
    if (!format || parts[0] != "$aws") return std::nullopt;
    device_request request;
    request.topic = topic;
    request.format = *format;
    if (parts.size() == 4 && parts[1] == "certificates" && parts[2] == "create-from-csr") {
        request.what = operation::create_certificate_from_csr;
    } else if (parts.size() == 4 && parts[1] == "certificates" && parts[2] == "create") {
        request.what = operation::create_keys_and_certificate;
    } else if (parts.size() == 5 && parts[1] == "provisioning-templates" && parts[3] == "provision") {
        request.what = operation::register_thing;
        request.template_name = parts[2];
    } else {
        return std::nullopt;
    }
    return request;
}

std::vector<std::string> names_in(const device_request& request) try {
    std::vector<std::string> names;
    if (request.what == operation::create_certificate_from_csr) {
        const auto csr = check_csr(text_field(body_of(request), "certificateSigningRequest"));
        names.push_back(common_name_of(X509_REQ_get_subject_name(csr.get())));
    } else if (request.what == operation::register_thing) {
        for (auto& [name, value] : parameters_of(body_of(request))) names.push_back(value);
    }
    return names;
} catch (const refusal&) {
    return {};
}

provisioning::provisioning(registry& known, const authority& ca, settings chosen, hook run_hook)
    : registry_(known), authority_(ca), settings_(chosen), hook_(std::move(run_hook)) {}

json provisioning::perform(const device_request& request) {
    switch (request.what) {
        case operation::create_certificate_from_csr: {
            const std::string csr = text_field(body_of(request), "certificateSigningRequest");
            return record(authority_.issue_for_csr(csr), "csr", request);
        }
        case operation::create_keys_and_certificate:  // clients send nothing, {} or anything
            return record(authority_.issue_with_key(), "keys", request);
        case operation::register_thing:
            return register_thing(request);
    }
    throw refusal{500, "InternalFailure", "Unknown operation."};
}

void provisioning::purge() {
    const std::lock_guard lock{mutex_};
    registry_.purge_expired();
}

json provisioning::record(const issued_certificate& fresh, const char* origin,
                          const device_request& request) {
    const std::string token = fresh_token();
    const std::lock_guard lock{mutex_};
    const std::int64_t expires = registry_.now_ms() + settings_.token_lifetime_s * 1000;
    certificate_record row;
    row.id = fresh.id;
    row.pem = fresh.pem;
    row.status = "PENDING_ACTIVATION";
    row.origin = origin;
    row.owner_client = request.client_id;
    row.owner_certificate = request.claim_id;
    row.expires_ms = expires;
    registry_.in_transaction([&] {
        registry_.add_certificate(row);
        registry_.add_token(token, fresh.id, expires);
    });
    json answer = {
        {"certificateId", fresh.id}, {"certificatePem", fresh.pem}, {"certificateOwnershipToken", token}};
    if (!fresh.private_key.empty()) answer["privateKey"] = fresh.private_key;
    return answer;
}

certificate_record provisioning::certificate_to_register(const json& body) {
    const std::string token = text_field(body, "certificateOwnershipToken");
    if (token.empty()) {
        throw refusal{400, "InvalidCertificateOwnershipToken",
                      "Certificate ownership token cannot be empty."};
    }
    const refusal invalid{400, "InvalidCertificateOwnershipToken",
                          "Certificate ownership token is invalid or expired."};
    const auto id = registry_.certificate_of_token(token);
    if (!id) throw invalid;
    const auto certificate = registry_.certificate(*id);
    if (!certificate || certificate->status == "REVOKED") throw invalid;
    return *certificate;
}

template_record provisioning::template_to_use(const std::string& name) {
    const auto found = registry_.provisioning_template(name);
    if (!found) throw refusal{404, "ResourceNotFound", "The provisioning template does not exist: " + name};
    if (!found->enabled)
        throw refusal{400, "InvalidTemplate", "The provisioning template is disabled: " + name};
    return *found;
}

json provisioning::register_thing(const device_request& request) {
    const json body = body_of(request);
    string_map parameters = parameters_of(body);
    std::unique_lock lock{mutex_};
    const certificate_record certificate = certificate_to_register(body);
    const template_record recipe = template_to_use(request.template_name);
    lock.unlock();
    if (!recipe.hook_arn.empty()) parameters = ask_hook(recipe, certificate, std::move(parameters), request);
    const provisioning_plan plan = plan_of(recipe.body, parameters, certificate.id);
    lock.lock();
    // Meanwhile the certificate may have gone or been revoked, or registered by another request.
    registry_.in_transaction([&] { apply_plan(registry_, plan, certificate_to_register(body)); });
    return {{"thingName", plan.thing ? plan.thing->name : std::string{}},
            {"deviceConfiguration", plan.device_configuration}};
}

string_map provisioning::ask_hook(const template_record& recipe, const certificate_record& certificate,
                                  string_map parameters, const device_request& request) {
    const std::string name = function_in(recipe.hook_arn);
    std::unique_lock lock{mutex_};
    const auto function = registry_.function(name);
    const std::string template_arn = registry_.arn("provisioningtemplate/" + recipe.name);
    if (!function || !iot_may_invoke(registry_.permissions(name), template_arn, registry_.account()))
        throw access_denied();
    const json event = {{"claimCertificateId", request.claim_id}, {"certificateId", certificate.id},
                        {"certificatePem", certificate.pem},      {"templateArn", template_arn},
                        {"clientId", request.client_id},          {"parameters", parameters}};
    lock.unlock();
    if (!hook_) throw access_denied();
    for (auto& [key, value] : hook_(*function, event)) parameters[key] = value;
    return parameters;
}

}  // namespace fleetline::rehearsal
