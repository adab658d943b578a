// SPDX-License-Identifier: Apache-2.0
// The design's resume table as a pure function: what to do with a board whose last attempt did not end in a
// pass.
#pragma once

#include <string>

#include "core/time.hpp"
#include "ledger/ledger.hpp"

namespace fleetline::station {

enum class resume_action {
    refuse_already_provisioned,   ///< passed, and no rework is authorised
    start_over,                   ///< nothing was handed out yet
    start_over_after_lost_issue,  ///< a certificate may exist that nobody knows: note it, ask again
    start_over_unaccounted,       ///< the recorded certificate was never registered: the cloud drops it
    start_over_orphaned,          ///< the recorded certificate is or may be registered, and cannot be used
    register_again,               ///< with the recorded token
    deliver_recorded,             ///< no cloud call at all
    prove_first,                  ///< delivered already; deliver again if the proof fails
    start_rework,                 ///< passed, and a rework is authorised: full run
};

/// Whether deciding needs the board's public key; asking it costs a turn on the console.
bool needs_public_key(const ledger::device_record& record, utc_time now);

/// `board_key_sha256`: of the SubjectPublicKeyInfo that the board holds now, empty if it holds none or was
/// not asked.
resume_action decide(const ledger::device_record& record, std::string_view board_key_sha256, utc_time now);

/// For the `resumed` event.
std::string_view to_text(resume_action action);

/// The ledger's word for a stage: "issue-requested", "delivered" …
std::string_view to_text(ledger::stage stage);

}  // namespace fleetline::station
