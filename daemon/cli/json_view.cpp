// SPDX-License-Identifier: Apache-2.0
#include "cli/json_view.hpp"

#include "report/writer.hpp"

namespace fleetline::cli {

json to_json(const ledger::attempt_row& row) {
    std::string line;
    report::append_json_line(line, row);
    json document = json::parse(line);
    document["failure_text"] = row.failure_text;
    document["step_ms"] = json::object();
    for (const auto& [step, duration] : steps_of(row)) document["step_ms"][step] = duration;
    return document;
}

json to_json(const ledger::device_row& row) {
    return {{"serial", row.serial},
            {"thing_name", row.thing_name},
            {"certificate_id", row.certificate_id},
            {"product", row.product},
            {"order", row.order},
            {"station", row.station},
            {"slot", row.slot},
            {"stage", row.stage},
            {"outcome", row.outcome},
            {"attempt_id", row.attempt_id},
            {"attempts", row.attempts},
            {"updated_at", row.updated_at}};
}

json to_json(const ledger::certificate_row& row) {
    return {{"certificate_id", row.certificate_id},
            {"state", row.state},
            {"serial", row.serial},
            {"thing_name", row.thing_name},
            {"attempt_id", row.attempt_id},
            {"issued_at", row.issued_at},
            {"not_after", row.not_after},
            {"why", row.why},
            {"replaced_by", row.replaced_by},
            {"revoked_at", row.revoked_at},
            {"revoked_by", row.revoked_by},
            {"revoked_note", row.revoked_note},
            {"pem", row.pem}};
}

json to_json(const ledger::event_row& row) {
    json payload = json::parse(row.payload_json, nullptr, false);
    if (payload.is_discarded()) payload = row.payload_json;
    return {{"seq", row.seq},     {"recorded_at", row.recorded_at},
            {"kind", row.kind},   {"attempt_id", row.attempt_id},
            {"payload", payload}, {"clock_synchronised", row.clock_synchronised},
            {"hash", row.hash}};
}

std::string one_line(const json& document) {
    return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string indented(const json& document) {
    return document.dump(2, ' ', false, json::error_handler_t::replace);
}

}  // namespace fleetline::cli
