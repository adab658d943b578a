// SPDX-License-Identifier: Apache-2.0
// The first start: a CA, a server certificate, a claim with the least policy that lets stations work, and a
// template. Everything that is there already stays as it is.
#pragma once

#include "core/registry.hpp"
#include "server/options.hpp"

namespace fleetline::rehearsal {

void bootstrap(const options& chosen, registry& known);

}  // namespace fleetline::rehearsal
