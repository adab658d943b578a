// SPDX-License-Identifier: Apache-2.0
// The payload of each kind of event, member by member, in the order of the canonical JSON (sorted by name).
// One list for writing and for reading. `attempt` is not among them: it is a column of its own. For
// event_codec.cpp only.
#pragma once

#include "ledger/events.hpp"

namespace fleetline::ledger {

template <class E, class Each>
void members(E& e, Each&& each) requires std::is_same_v<std::remove_const_t<E>, station_started> {
    each("configuration_sha256", e.configuration_sha256);
    each("version", e.version);
}

template <class E, class Each>
void members(E& e, Each&& each) requires std::is_same_v<std::remove_const_t<E>, station_stopped> {
    each("why", e.why);
}

template <class E, class Each>
void members(E& e, Each&& each) requires std::is_same_v<std::remove_const_t<E>, attempt_started> {
    each("attempt_id", e.attempt);  // the one event that says it; the others refer to this event
    each("operator_name", e.operator_name);
    each("port", e.port);
    each("product", e.product);
    each("slot", e.slot);
}

template <class E, class Each>
void members(E& e, Each&& each) requires std::is_same_v<std::remove_const_t<E>, identified> {
    each("dialect", e.dialect);
    each("firmware_version", e.firmware_version);
    each("serial", e.serial);
    each("serial_source", e.serial_source);
}

template <class E, class Each>
void members(E& e, Each&& each) requires std::is_same_v<std::remove_const_t<E>, admitted> {
    each("operator_name", e.operator_name);
    each("order", e.order);
    each("rework", e.rework);
    each("serial", e.serial);
    each("template_name", e.template_name);
}

template <class E, class Each>
void members(E& e, Each&& each) requires std::is_same_v<std::remove_const_t<E>, resumed> {
    each("action", e.action);
    each("from", e.from);
    each("stage", e.stage);
}

template <class E, class Each>
void members(E& e, Each&& each) requires std::is_same_v<std::remove_const_t<E>, csr_made> {
    each("csr_sha256", e.csr_sha256);
    each("key_origin", e.key_origin);
    each("public_key_sha256", e.public_key_sha256);
}

template <class E, class Each>
void members(E& e, Each&& each) requires std::is_same_v<std::remove_const_t<E>, issue_requested> {
    each("public_key_sha256", e.public_key_sha256);
}

template <class E, class Each>
void members(E& e, Each&& each) requires std::is_same_v<std::remove_const_t<E>, issued> {
    each("certificate", e.certificate);
    each("certificate_pem", e.certificate_pem);
    each("not_after", e.not_after);
    each("ownership_token_sha256", e.ownership_token);
    each("public_key_sha256", e.public_key_sha256);
    each("request_ms", e.request_ms);
    each("token_expires", e.token_expires);
}

template <class E, class Each>
void members(E& e, Each&& each) requires std::is_same_v<std::remove_const_t<E>, registration_requested> {
    each("certificate", e.certificate);
    each("parameters", e.parameters);
    each("template_name", e.template_name);
}

template <class E, class Each>
void members(E& e, Each&& each) requires std::is_same_v<std::remove_const_t<E>, registered> {
    each("certificate", e.certificate);
    each("device_configuration", e.device_configuration);
    each("request_ms", e.request_ms);
    each("thing", e.thing);
}

template <class E, class Each>
void members(E& e, Each&& each) requires std::is_same_v<std::remove_const_t<E>, delivery_started> ||
    std::is_same_v<std::remove_const_t<E>, delivered> {
    each("certificate", e.certificate);
}

template <class E, class Each>
void members(E& e, Each&& each) requires std::is_same_v<std::remove_const_t<E>, proved> {
    each("certificate", e.certificate);
    each("proof", e.proof);
}

template <class E, class Each>
void members(E& e, Each&& each) requires std::is_same_v<std::remove_const_t<E>, attempt_finished> {
    each("duration_ms", e.duration_ms);
    each("failure_code", e.failure_code);
    each("failure_step", e.failure_step);
    each("failure_text", e.failure_text);
    each("outcome", e.outcome);
    each("request_ms", e.request_ms);
    each("step_ms", e.step_ms);
    each("transcript_sha256", e.transcript_sha256);
}

template <class E, class Each>
void members(E& e, Each&& each) requires std::is_same_v<std::remove_const_t<E>, certificate_set_aside> {
    each("certificate", e.certificate);
    each("certificate_pem", e.certificate_pem);
    each("replaced_by", e.replaced_by);
    each("state", e.state);
    each("why", e.why);
}

template <class E, class Each>
void members(E& e, Each&& each) requires std::is_same_v<std::remove_const_t<E>, registration_unaccounted> {
    each("thing", e.thing);
    each("why", e.why);
}

template <class E, class Each>
void members(E& e, Each&& each) requires std::is_same_v<std::remove_const_t<E>, rework_authorised> {
    each("by", e.by);
    each("reason", e.reason);
    each("serial", e.serial);
}

template <class E, class Each>
void members(E& e, Each&& each) requires std::is_same_v<std::remove_const_t<E>, order_opened> {
    each("allow_list", e.allow_list);
    each("by", e.by);
    each("first_serial", e.first_serial);
    each("last_serial", e.last_serial);
    each("order", e.order);
    each("product", e.product);
    each("quota", e.quota);
}

template <class E, class Each>
void members(E& e, Each&& each) requires std::is_same_v<std::remove_const_t<E>, order_serials_imported> {
    each("by", e.by);
    each("count", e.count);
    each("list_sha256", e.list_sha256);
    each("order", e.order);
    each("source_lines", e.source_lines);
    each("source_sha256", e.source_sha256);
}

template <class E, class Each>
void members(E& e, Each&& each) requires std::is_same_v<std::remove_const_t<E>, order_closed> {
    each("by", e.by);
    each("order", e.order);
}

template <class E, class Each>
void members(E& e, Each&& each) requires std::is_same_v<std::remove_const_t<E>, serial_assigned> {
    each("order", e.order);
    each("serial", e.serial);
}

template <class E, class Each>
void members(E& e, Each&& each) requires std::is_same_v<std::remove_const_t<E>, certificate_revoked> {
    each("by", e.by);
    each("certificate", e.certificate);
    each("note", e.note);
}

}  // namespace fleetline::ledger
