// SPDX-License-Identifier: Apache-2.0
// Events to and from their canonical JSON (schema/README.md): keys sorted, no spaces, members at their
// default left out, an ownership token only as its SHA-256. No DOM: verifying reads half a million a second.
// Pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "core/failure.hpp"
#include "ledger/events.hpp"

namespace fleetline::ledger {

/// The event's attempt, or an empty id when it has none.
const attempt_id& attempt_of(const event& what);

/// Texts as the payload can hold them, so that projections get the same: what is no UTF-8 becomes readable.
void make_recordable(event& what);

std::string payload_of(const event& what);

/// Unknown members are skipped: a newer version may have added some. The token comes back empty, and so do
/// the certificates' texts if they are not asked for.
checked<event> event_from(std::string_view kind, std::string_view payload, bool without_certificates = false);

/// A map as the canonical JSON has it, and back; an empty map is an empty text.
std::string steps_to_json(const std::map<std::string, std::int64_t>& steps);
std::map<std::string, std::int64_t> steps_from_json(std::string_view json);

}  // namespace fleetline::ledger
