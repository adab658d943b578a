// SPDX-License-Identifier: Apache-2.0
// Provisioning templates as AWS evaluates them. Pure; any thread. check_template() is what
// CreateProvisioningTemplate asks (throws refusal 400 InvalidRequestException with the reason); plan_of() is
// what RegisterThing asks (throws refusal 400 InvalidParameters). A plan says what is to be, it does not look
// at what there is.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/records.hpp"

namespace fleetline::rehearsal {

enum class override_setting { unstated, do_nothing, replace, fail, merge };

struct thing_plan {
    std::string name;
    string_map attributes;
    std::string type;  // empty: not stated
    std::vector<std::string> groups;
    std::string billing_group;  // empty: not stated
    override_setting on_attributes = override_setting::unstated;
    override_setting on_type = override_setting::unstated;
    override_setting on_groups = override_setting::unstated;
};

struct policy_plan {
    std::string name;      // of a policy that must exist, or, with a document, the document's hash
    std::string document;  // empty: by name
};

struct provisioning_plan {
    std::optional<thing_plan> thing;
    std::string certificate_status = "ACTIVE";
    override_setting on_status = override_setting::unstated;
    std::vector<policy_plan> policies;
    string_map device_configuration;
};

void check_template(const std::string& body);
provisioning_plan plan_of(const std::string& body, const string_map& parameters,
                          const std::string& certificate_id);

}  // namespace fleetline::rehearsal
