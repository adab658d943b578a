// SPDX-License-Identifier: Apache-2.0
// What the ledger knows, as JSON.
#include "api/json_views.hpp"
#include "station/failure_catalogue.hpp"

namespace fleetline::api {

namespace {

template <class T>
json or_null(const std::optional<T>& value) {
    return value ? json(*value) : json(nullptr);
}

}  // namespace

json view_of(const ledger::attempt_row& row) {
    json out;
    out["attempt_id"] = row.attempt_id;
    out["station"] = row.station;
    out["slot"] = row.slot;
    out["serial"] = row.serial;
    out["serial_source"] = row.serial_source;
    out["product"] = row.product;
    out["order"] = row.order;
    out["operator"] = row.operator_name;
    out["dialect"] = row.dialect;
    out["firmware_version"] = row.firmware_version;
    out["started_at"] = row.started_at;
    out["finished_at"] = row.finished_at;
    out["duration_ms"] = or_null(row.duration_ms);
    out["outcome"] = row.outcome;
    out["failure_code"] = row.failure_code;
    out["failure_step"] = row.failure_step;
    out["thing_name"] = row.thing_name;
    out["certificate_id"] = row.certificate_id;
    out["certificate_sha256"] = row.certificate_sha256;
    out["certificate_not_after"] = row.certificate_not_after;
    out["public_key_sha256"] = row.public_key_sha256;
    out["key_origin"] = row.key_origin;
    out["proof"] = row.proof;
    out["replaces_certificate_id"] = row.replaces_certificate_id;
    out["template"] = row.template_name;
    out["clock_synchronised"] = or_null(row.clock_synchronised);
    out["event_seq"] = row.event_seq;
    out["event_hash"] = row.event_hash;
    out["failure_text"] =
        row.failure_code.empty() ? std::string_view{} : station::failure_for(row.failure_code).text;
    out["failure_reason"] = row.failure_text;
    out["next_action"] =
        row.failure_code.empty() ? std::string_view{} : station::failure_for(row.failure_code).next_action;
    out["step_ms"] = json::object();
    for (const auto& [step, ms] : steps_of(row)) out["step_ms"][step] = ms;
    return out;
}

json view_of(const ledger::device_row& row) {
    json out;
    out["serial"] = row.serial;
    out["product"] = row.product;
    out["order"] = row.order;
    out["station"] = row.station;
    out["slot"] = row.slot;
    out["stage"] = row.stage;
    out["outcome"] = row.outcome;
    out["attempt_id"] = row.attempt_id;
    out["attempts"] = row.attempts;
    out["thing_name"] = row.thing_name;
    out["certificate_id"] = row.certificate_id;
    out["updated_at"] = row.updated_at;
    return out;
}

json view_of(const ledger::certificate_row& row) {
    json out;
    out["certificate_id"] = row.certificate_id;
    out["state"] = row.state;
    out["serial"] = row.serial;
    out["thing_name"] = row.thing_name;
    out["attempt_id"] = row.attempt_id;
    out["issued_at"] = row.issued_at;
    out["not_after"] = row.not_after;
    out["why"] = row.why;
    out["replaced_by"] = row.replaced_by;
    out["revoked_at"] = row.revoked_at;
    out["revoked_by"] = row.revoked_by;
    out["revoked_note"] = row.revoked_note;
    out["pem"] = row.pem;
    return out;
}

json view_of(const ledger::event_row& row) {
    json out;
    out["seq"] = row.seq;
    out["recorded_at"] = row.recorded_at;
    out["kind"] = row.kind;
    auto payload = json::parse(row.payload_json, nullptr, false);
    out["payload"] = payload.is_discarded() ? json(row.payload_json) : std::move(payload);
    out["hash"] = row.hash;
    out["clock_synchronised"] = row.clock_synchronised;
    return out;
}

json view_of(const ledger::order_row& row) {
    json out;
    out["order"] = row.order;
    out["product"] = row.product;
    out["quota"] = row.quota;
    out["passed"] = row.passed;
    out["allow_list"] = row.allow_list;
    out["listed"] = row.listed;
    out["first_serial"] = row.first_serial;
    out["last_serial"] = row.last_serial;
    out["last_assigned"] = row.last_assigned;
    out["next_serial"] = row.next_serial;
    out["open"] = row.closed_at.empty();
    out["opened_at"] = row.opened_at;
    out["opened_by"] = row.opened_by;
    out["closed_at"] = row.closed_at;
    out["closed_by"] = row.closed_by;
    return out;
}

}  // namespace fleetline::api
