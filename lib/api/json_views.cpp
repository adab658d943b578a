// SPDX-License-Identifier: Apache-2.0
#include "api/json_views.hpp"

namespace fleetline::api {

namespace {

json time_or_empty(utc_time when) {
    return when == utc_time{} ? std::string{} : to_rfc3339(when);
}

}  // namespace

json view_of(const station::slot_status& slot) {
    const bool at_work = !slot.attempt.empty() || !slot.failure_code.empty();
    json out;
    out["slot"] = slot.slot.text();
    out["product"] = slot.product.text();
    out["port"] = slot.port;
    out["plugged"] = slot.plugged;
    out["state"] = station::to_text(slot.state);
    out["step"] = at_work ? station::to_text(slot.at) : std::string_view{};
    out["since"] = time_or_empty(slot.since);
    out["attempt_id"] = slot.attempt.text();
    out["serial"] = slot.serial.text();
    out["thing_name"] = slot.thing.text();
    out["certificate_id"] = slot.certificate.text();
    out["failure_code"] = slot.failure_code;
    out["failure_text"] = slot.failure_text;
    out["failure_reason"] = slot.failure_reason;
    out["next_action"] = slot.next_action;
    out["label_serial"] = slot.label_serial.text();
    out["board_serial"] = slot.board_serial.text();
    out["duration_ms"] = slot.duration ? json(slot.duration->count()) : json(nullptr);
    return out;
}

json view_of(const station::order_status& order) {
    json out;
    out["order"] = order.order.text();
    out["product"] = order.product.text();
    out["quota"] = order.quota;
    out["passed"] = order.passed;
    out["first_serial"] = order.first_serial;
    out["last_serial"] = order.last_serial;
    out["next_serial"] = order.next_serial;
    return out;
}

json station_view_of(const station::station_status& status) {
    json out;
    out["station"] = status.station;
    out["version"] = FLEETLINE_VERSION;
    out["operator"] = status.operator_name;
    out["operator_since"] = time_or_empty(status.operator_since);
    out["started_at"] = time_or_empty(status.started_at);
    out["stopping"] = status.stopping;
    auto& cloud = out["cloud"];
    cloud["connected"] = status.cloud.connected;
    cloud["since"] = time_or_empty(status.cloud.since);
    cloud["trouble_code"] = status.cloud.trouble_code;
    cloud["trouble"] = status.cloud.trouble;
    cloud["in_flight"] = status.cloud.in_flight;
    cloud["queued"] = status.cloud.queued;
    cloud["claim_not_after"] = time_or_empty(status.cloud.claim_not_after);
    out["ledger_writable"] = status.ledger_writable;
    out["ledger_trouble"] = status.ledger_trouble;
    auto& orders = out["orders"] = json::array();
    for (const auto& order : status.orders) orders.push_back(view_of(order));
    out["outcomes"] = status.outcomes;
    out["failure_codes"] = status.failure_codes;
    if (status.outcomes.empty()) out["outcomes"] = json::object();
    if (status.failure_codes.empty()) out["failure_codes"] = json::object();
    return out;
}

json view_of(const station::station_status& status) {
    json out = station_view_of(status);
    auto& slots = out["slots"] = json::array();
    for (const auto& slot : status.slots) slots.push_back(view_of(slot));
    return out;
}

std::string text_of(const json& document) {
    return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace fleetline::api
