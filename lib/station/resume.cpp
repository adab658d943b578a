// SPDX-License-Identifier: Apache-2.0
#include "station/resume.hpp"

namespace fleetline::station {

namespace {

using ledger::stage;

bool token_usable(const ledger::device_record& record, utc_time now) {
    return !record.ownership_token.empty() && now < record.token_expires;
}

}  // namespace

bool needs_public_key(const ledger::device_record& record, utc_time now) {
    switch (record.reached) {
        case stage::issued:
        case stage::registration_requested:
            return token_usable(record, now);
        case stage::registered:
        case stage::delivery_started:
        case stage::delivered:
        case stage::proved:
            return true;
        case stage::none:
        case stage::identified:
        case stage::csr_made:
        case stage::issue_requested:
        case stage::passed:
            break;
    }
    return false;
}

resume_action decide(const ledger::device_record& record, std::string_view board_key_sha256, utc_time now) {
    const bool same_key = !board_key_sha256.empty() && board_key_sha256 == record.public_key_sha256;
    switch (record.reached) {
        case stage::none:
        case stage::identified:
        case stage::csr_made:
            break;
        case stage::issue_requested:
            return resume_action::start_over_after_lost_issue;
        case stage::issued:
            if (same_key && token_usable(record, now)) return resume_action::register_again;
            return resume_action::start_over_unaccounted;
        case stage::registration_requested:
            if (same_key && token_usable(record, now)) return resume_action::register_again;
            return resume_action::start_over_orphaned;
        case stage::registered:
        case stage::delivery_started:
            return same_key ? resume_action::deliver_recorded : resume_action::start_over_orphaned;
        case stage::delivered:
        case stage::proved:
            return same_key ? resume_action::prove_first : resume_action::start_over_orphaned;
        case stage::passed:
            return record.rework_authorised ? resume_action::start_rework
                                            : resume_action::refuse_already_provisioned;
    }
    return resume_action::start_over;
}

std::string_view to_text(resume_action action) {
    switch (action) {
        case resume_action::refuse_already_provisioned:
            return "refuse";
        case resume_action::start_over:
            return "start-over";
        case resume_action::start_over_after_lost_issue:
            return "start-over-after-lost-issue";
        case resume_action::start_over_unaccounted:
            return "start-over-unaccounted";
        case resume_action::start_over_orphaned:
            return "start-over-orphaned";
        case resume_action::register_again:
            return "register-again";
        case resume_action::deliver_recorded:
            return "deliver-recorded";
        case resume_action::prove_first:
            return "prove-first";
        case resume_action::start_rework:
            break;
    }
    return "start-rework";
}

std::string_view to_text(stage which) {
    switch (which) {
        case stage::none:
            return "none";
        case stage::identified:
            return "identified";
        case stage::csr_made:
            return "csr-made";
        case stage::issue_requested:
            return "issue-requested";
        case stage::issued:
            return "issued";
        case stage::registration_requested:
            return "registration-requested";
        case stage::registered:
            return "registered";
        case stage::delivery_started:
            return "delivery-started";
        case stage::delivered:
            return "delivered";
        case stage::proved:
            return "proved";
        case stage::passed:
            break;
    }
    return "passed";
}

}  // namespace fleetline::station
