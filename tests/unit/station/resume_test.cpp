// SPDX-License-Identifier: Apache-2.0
#include "station/resume.hpp"

#include <catch2/catch.hpp>

using namespace fleetline;
using ledger::stage;
using station::resume_action;

namespace {

struct row {
    stage reached;
    bool same_key;
    bool token_good;
    resume_action expected;
};

// The design's table, every combination that can differ.
const row table[] = {
    {stage::none, false, false, resume_action::start_over},
    {stage::identified, false, false, resume_action::start_over},
    {stage::csr_made, true, false, resume_action::start_over},
    {stage::issue_requested, true, false, resume_action::start_over_after_lost_issue},
    {stage::issued, true, true, resume_action::register_again},
    {stage::issued, true, false, resume_action::start_over_unaccounted},
    {stage::issued, false, true, resume_action::start_over_unaccounted},
    {stage::registration_requested, true, true, resume_action::register_again},
    {stage::registration_requested, true, false, resume_action::start_over_orphaned},
    {stage::registration_requested, false, true, resume_action::start_over_orphaned},
    {stage::registered, true, false, resume_action::deliver_recorded},
    {stage::registered, false, false, resume_action::start_over_orphaned},
    {stage::delivery_started, true, false, resume_action::deliver_recorded},
    {stage::delivery_started, false, false, resume_action::start_over_orphaned},
    {stage::delivered, true, false, resume_action::prove_first},
    {stage::delivered, false, false, resume_action::start_over_orphaned},
    {stage::proved, true, false, resume_action::prove_first},
    {stage::proved, false, false, resume_action::start_over_orphaned},
    {stage::passed, true, false, resume_action::refuse_already_provisioned},
    {stage::passed, false, false, resume_action::refuse_already_provisioned},
};

}  // namespace

TEST_CASE("the resume table is the design's", "[station][I5]") {
    const utc_time now{std::chrono::hours{1000}};
    for (const auto& one : table) {
        ledger::device_record record;
        record.reached = one.reached;
        record.public_key_sha256 = "key";
        record.ownership_token = secret("token");
        record.token_expires = now + std::chrono::seconds{one.token_good ? 1 : 0};
        CAPTURE(station::to_text(one.reached), one.same_key, one.token_good);
        CHECK(station::decide(record, one.same_key ? "key" : "other", now) == one.expected);
        // A board that holds no key is never taken for the recorded one.
        if (!one.same_key) CHECK(station::decide(record, "", now) == one.expected);
        const bool depends = station::decide(record, "key", now) != station::decide(record, "other", now);
        CHECK((!depends || station::needs_public_key(record, now)));
    }
}

TEST_CASE("an empty recorded key matches no board", "[station][I5]") {
    ledger::device_record record;
    record.reached = stage::registered;
    CHECK(station::decide(record, "", utc_time{}) == resume_action::start_over_orphaned);
}

TEST_CASE("a passed board starts over only with an authorised rework", "[station]") {
    ledger::device_record record;
    record.reached = stage::passed;
    record.rework_authorised = true;
    CHECK(station::decide(record, "", utc_time{}) == resume_action::start_rework);
}
