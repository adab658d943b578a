// SPDX-License-Identifier: Apache-2.0
// The first start: a CA, a server certificate, a claim with the least policy that lets stations work, and a
// template. Everything that is there already stays as it is.
#pragma once

#include <string>

#include "core/registry.hpp"
#include "server/options.hpp"

namespace fleetline::rehearsal {

void bootstrap(const options& chosen, registry& known);
// The policy document that confines a claim to the provisioning topics of one template.
std::string claim_policy(registry& known, const std::string& template_name);

}  // namespace fleetline::rehearsal
