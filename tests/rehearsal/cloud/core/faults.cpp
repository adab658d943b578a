// SPDX-License-Identifier: Apache-2.0
#include "core/faults.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "core/text.hpp"

namespace fleetline::rehearsal {
namespace {

using nlohmann::json;

refusal bad_fault(const std::string& why) {
    return {400, "InvalidRequest", why};
}

struct named_kind {
    std::string_view name;
    fault_kind kind;
};

constexpr std::array kinds = {named_kind{"throttle", fault_kind::throttle},
                              named_kind{"delay", fault_kind::delay},
                              named_kind{"late", fault_kind::delay},
                              named_kind{"lose", fault_kind::lose},
                              named_kind{"duplicate", fault_kind::duplicate},
                              named_kind{"reject", fault_kind::reject},
                              named_kind{"foreign-certificate", fault_kind::foreign_certificate},
                              named_kind{"wrong-certificate-id", fault_kind::wrong_certificate_id},
                              named_kind{"wrong-thing-name", fault_kind::wrong_thing_name},
                              named_kind{"not-json", fault_kind::not_json},
                              named_kind{"extra-fields", fault_kind::extra_fields},
                              named_kind{"missing-fields", fault_kind::missing_fields},
                              named_kind{"hook-denial", fault_kind::hook_denial},
                              named_kind{"disconnect", fault_kind::disconnect},
                              named_kind{"outage", fault_kind::outage}};

constexpr std::array operations = {operation::create_certificate_from_csr,
                                   operation::create_keys_and_certificate, operation::register_thing};

std::string text_in(const json& document, const char* key, const std::string& otherwise) {
    const auto found = document.find(key);
    if (found == document.end()) return otherwise;
    if (!found->is_string()) throw bad_fault(std::string{key} + " must be a string");
    return found->get<std::string>();
}

std::int64_t number_in(const json& document, const char* key, std::int64_t otherwise, std::int64_t highest) {
    const auto found = document.find(key);
    if (found == document.end()) return otherwise;
    if (!found->is_number_integer() || found->get<double>() < 0 ||
        found->get<double>() > static_cast<double>(highest)) {
        throw bad_fault(std::string{key} + " must be a whole number from 0 to " + std::to_string(highest));
    }
    return found->get<std::int64_t>();
}

fault_kind kind_in(const json& document) {
    const std::string name = text_in(document, "kind", "");
    std::string names;
    for (const named_kind& one : kinds) {
        if (one.name == name) return one.kind;
        names += names.empty() ? "" : ", ";
        names += one.name;
    }
    throw bad_fault("kind \"" + name + "\" is not one of: " + names);
}

std::string operation_in(const json& document) {
    std::string name = text_in(document, "operation", "");
    const bool known = std::any_of(operations.begin(), operations.end(),
                                   [&](operation one) { return name_of(one) == name; });
    if (!name.empty() && !known) {
        throw bad_fault(
            "operation must be CreateCertificateFromCsr, CreateKeysAndCertificate or RegisterThing");
    }
    return name;
}

disconnect_step step_in(const json& document) {
    const std::string name = text_in(document, "step", "");
    if (name == "before-puback") return disconnect_step::before_puback;
    if (name == "after-puback") return disconnect_step::after_puback;
    if (name == "after-answer") return disconnect_step::after_answer;
    throw bad_fault("step must be before-puback, after-puback or after-answer");
}

void check_keys(const json& document) {
    static constexpr std::array<std::string_view, 14> known = {
        "kind", "operation",  "serial",    "client",       "count", "skip", "ms",
        "tps",  "statusCode", "errorCode", "errorMessage", "step",  "mode", "seconds"};
    if (!document.is_object()) throw bad_fault("a fault is a JSON object");
    for (const auto& [key, value] : document.items()) {
        if (std::find(known.begin(), known.end(), key) == known.end())
            throw bad_fault("unknown key \"" + key + "\"");
    }
}

}  // namespace

fault_spec parse_fault(const json& document) {
    check_keys(document);
    fault_spec fault;
    fault.kind = kind_in(document);
    fault.operation = operation_in(document);
    fault.serial = text_in(document, "serial", "");
    fault.client = text_in(document, "client", "");
    fault.skip = number_in(document, "skip", 0, 1'000'000'000);
    if (document.contains("count")) fault.count = number_in(document, "count", 0, 1'000'000'000);
    fault.ms = number_in(document, "ms", fault.ms, 3'600'000);
    fault.tps = number_in(document, "tps", fault.tps, 1'000'000);
    fault.status = static_cast<int>(number_in(document, "statusCode", fault.status, 999));
    fault.error_code = text_in(document, "errorCode", fault.error_code);
    fault.error_message = text_in(document, "errorMessage", fault.error_message);
    fault.seconds = number_in(document, "seconds", fault.seconds, 86'400);
    if (fault.kind == fault_kind::disconnect) fault.step = step_in(document);
    const std::string mode = text_in(document, "mode", "refuse");
    if (mode != "refuse" && mode != "freeze") throw bad_fault("mode must be refuse or freeze");
    fault.freeze = mode == "freeze";
    if (fault.kind == fault_kind::throttle) {
        fault.status = static_cast<int>(number_in(document, "statusCode", 429, 999));
        fault.error_code = text_in(document, "errorCode", "Throttling");
        fault.error_message = text_in(document, "errorMessage", "Rate exceeded.");
    }
    if (fault.kind == fault_kind::delay && fault.ms == 0) throw bad_fault("a delay needs ms");
    return fault;
}

bool concerns(const fault_spec& fault, const device_request& request, const std::vector<std::string>& names) {
    if (fault.kind == fault_kind::outage) return false;
    if (fault.kind == fault_kind::hook_denial && request.what != operation::register_thing) return false;
    if (!fault.operation.empty() && fault.operation != name_of(request.what)) return false;
    if (!fault.client.empty() && fault.client != request.client_id) return false;
    return fault.serial.empty() || std::find(names.begin(), names.end(), fault.serial) != names.end();
}

void add(fault_effects& effects, const fault_spec& fault) {
    switch (fault.kind) {
        case fault_kind::throttle:
        case fault_kind::reject:
            effects.reject = refusal{fault.status, fault.error_code, fault.error_message};
            break;
        case fault_kind::hook_denial:
            effects.reject = refusal{403, "AccessDenied", "Access denied."};
            break;
        case fault_kind::delay:
            effects.delay_ms += fault.ms;
            break;
        case fault_kind::lose:
            effects.lose = true;
            break;
        case fault_kind::duplicate:
            effects.duplicate_after_ms = fault.ms;
            break;
        case fault_kind::foreign_certificate:
            effects.foreign_certificate = true;
            break;
        case fault_kind::wrong_certificate_id:
            effects.wrong_certificate_id = true;
            break;
        case fault_kind::wrong_thing_name:
            effects.wrong_thing_name = true;
            break;
        case fault_kind::not_json:
            effects.not_json = true;
            break;
        case fault_kind::extra_fields:
            effects.extra_fields = true;
            break;
        case fault_kind::missing_fields:
            effects.missing_fields = true;
            break;
        case fault_kind::disconnect:
            effects.step = fault.step;
            break;
        case fault_kind::outage:
            break;
    }
}

void spoil(json& answer, const fault_effects& effects, const authority& ca) {
    if (effects.foreign_certificate && answer.contains("certificatePem")) {
        std::string subject = "AWS IoT Certificate";
        if (const x509_ptr real = certificate_from_pem(answer.at("certificatePem").get<std::string>())) {
            subject = common_name_of(X509_get_subject_name(real.get()));
        }
        const issued_certificate foreign = ca.issue_for_key(*make_p256_key(), subject);
        answer["certificatePem"] = foreign.pem;
        answer["certificateId"] = foreign.id;
    }
    if (effects.wrong_certificate_id && answer.contains("certificateId")) {
        answer["certificateId"] = to_hex(random_bytes(32));
    }
    if (effects.wrong_thing_name && answer.contains("thingName")) answer["thingName"] = "some-other-thing";
    if (effects.missing_fields) {
        answer.erase("certificatePem");
        answer.erase("thingName");
    }
    if (effects.extra_fields) {
        answer["newField"] = "not known in 2026";
        answer["newObject"] = {{"with", {"a", "list"}}, {"number", 42}, {"nothing", nullptr}};
    }
}

}  // namespace fleetline::rehearsal
