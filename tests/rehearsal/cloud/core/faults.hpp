// SPDX-License-Identifier: Apache-2.0
// Faults on demand, as asked for over HTTP and kept in the registry as JSON: what they are, whom they concern
// and what they do to one request. The words are documented in README.md. Pure; any thread.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/authority.hpp"
#include "core/provisioning.hpp"
#include "core/refusal.hpp"

namespace fleetline::rehearsal {

enum class fault_kind {
    throttle,
    delay,
    lose,
    duplicate,
    reject,
    foreign_certificate,
    wrong_certificate_id,
    wrong_thing_name,
    not_json,
    extra_fields,
    missing_fields,
    hook_denial,
    disconnect,
    outage,
};

enum class disconnect_step { none, before_puback, after_puback, after_answer };

struct fault_spec {
    fault_kind kind = fault_kind::lose;
    std::string operation;  // empty: any
    std::string serial;     // empty: any
    std::string client;     // empty: any
    std::int64_t ms = 0;    // delay, duplicate
    std::int64_t tps = 0;   // throttle
    int status = 500;       // reject
    std::string error_code = "InternalFailure";
    std::string error_message = "Internal failure.";
    disconnect_step step = disconnect_step::none;
    bool freeze = false;       // outage: nothing answers; else connections are refused
    std::int64_t seconds = 0;  // outage; 0: until the fault is deleted
    std::int64_t skip = 0;
    std::optional<std::int64_t> count;
};

// Throws refusal 400 for an unknown kind, an unknown key or a wrong value, with words that help.
fault_spec parse_fault(const nlohmann::json& document);
bool concerns(const fault_spec& fault, const device_request& request, const std::vector<std::string>& names);

// All that hits one request.
struct fault_effects {
    std::int64_t delay_ms = 0;
    bool lose = false;
    std::optional<std::int64_t> duplicate_after_ms;
    std::optional<refusal> reject;
    bool foreign_certificate = false;
    bool wrong_certificate_id = false;
    bool wrong_thing_name = false;
    bool not_json = false;
    bool extra_fields = false;
    bool missing_fields = false;
    disconnect_step step = disconnect_step::none;
};

void add(fault_effects& effects, const fault_spec& fault);
// The accepted answer as these faults leave it; the foreign certificate is really signed.
void spoil(nlohmann::json& answer, const fault_effects& effects, const authority& ca);

}  // namespace fleetline::rehearsal
