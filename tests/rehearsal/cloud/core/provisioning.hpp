// SPDX-License-Identifier: Apache-2.0
// The three calls of the Fleet Provisioning API on top of the registry: what a request on a topic means and
// what its answer says. perform() may be called from several threads at once (it takes the registry's mutex,
// but not while a key is made, a certificate signed or a hook runs). A refused request throws refusal.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "core/authority.hpp"
#include "core/payload.hpp"
#include "core/provisioning_template.hpp"
#include "core/registry.hpp"

namespace fleetline::rehearsal {

enum class operation { create_certificate_from_csr, create_keys_and_certificate, register_thing };
std::string_view name_of(operation which);  // as in AWS's quotas: CreateCertificateFromCsr, ...

struct device_request {
    operation what = operation::create_certificate_from_csr;
    encoding format = encoding::json;
    std::string topic;
    std::string template_name;  // of register_thing
    std::string payload;
    std::string client_id;
    std::string claim_id;  // certificate of the session
};

// The request a publish on this topic is, without payload and sender; nullopt: not one of ours.
std::optional<device_request> request_on(std::string_view topic);

// Whom a request is about, as far as it says so: the CSR's common name, or the values of the parameters.
std::vector<std::string> names_in(const device_request& request);

// What the hook said: parameters to add. Throws refusal for a denial.
using hook = std::function<string_map(const function_record&, const nlohmann::json& event)>;

class provisioning {
  public:
    struct settings {
        std::int64_t token_lifetime_s = 3600;
    };
    provisioning(registry& known, const authority& ca, settings chosen, hook run_hook);

    // The body of the accepted answer.
    nlohmann::json perform(const device_request& request);
    // Deletes what is past its time; call now and then.
    void purge();
    std::mutex& mutex() { return mutex_; }  // guards the registry given

  private:
    nlohmann::json record(const issued_certificate& fresh, const char* origin, const device_request& request);
    nlohmann::json register_thing(const device_request& request);
    certificate_record certificate_to_register(const nlohmann::json& body);
    template_record template_to_use(const std::string& name);
    string_map ask_hook(const template_record& recipe, const certificate_record& certificate,
                        string_map parameters, const device_request& request);

    registry& registry_;
    const authority& authority_;
    settings settings_;
    hook hook_;
    std::mutex mutex_;
};

// Makes true what the plan says, all of it or (by exception) nothing. Throws refusal 404 and 409.
void apply_plan(registry& known, const provisioning_plan& plan, const certificate_record& certificate);

}  // namespace fleetline::rehearsal
