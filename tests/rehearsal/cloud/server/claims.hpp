// SPDX-License-Identifier: Apache-2.0
// Claims: certificates good for provisioning by one template and nothing else.
#pragma once

#include <string>
#include <string_view>

#include "core/registry.hpp"

namespace fleetline::rehearsal {

// The policy document that confines a claim to the provisioning topics of one template.
std::string claim_policy(registry& known, const std::string& template_name);

// The policy of five-minute claims has a name that no client can ask for; lists leave it out.
std::string hidden_policy_name(std::string_view template_name);
bool is_hidden_policy(std::string_view name);
// Takes away the five-minute claims of a template, and their policy.
void forget_claims(registry& known, const std::string& template_name);

}  // namespace fleetline::rehearsal
