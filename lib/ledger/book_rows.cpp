// SPDX-License-Identifier: Apache-2.0
#include "ledger/book_rows.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>

namespace fleetline::ledger {

namespace {

constexpr std::array<std::string_view, 11> stages{
    "none",       "identified",       "csr-made",  "issue-requested", "issued", "registration-requested",
    "registered", "delivery-started", "delivered", "proved",          "passed"};

void bind_texts(statement& row, int first, std::initializer_list<const std::string*> all) {
    for (const auto* text : all) row.bind(first++, *text);
}

void bind_duration(statement& row, int at, const attempt_state& a) {
    if (a.duration_ms)
        row.bind(at, *a.duration_ms);
    else
        row.bind_number(at, 0);
}

}  // namespace

std::string_view stage_name(stage reached) {
    return stages.at(static_cast<std::size_t>(reached));
}

stage stage_from(std::string_view name) {
    const auto found = std::find(stages.begin(), stages.end(), name);
    return found == stages.end() ? stage::none : static_cast<stage>(found - stages.begin());
}

const char* const attempt_columns =
    "number, attempt_id, station, slot, port, product, started_at, clock_synchronised, serial, "
    "serial_source, "
    "dialect, firmware_version, work_order, operator_name, template_name, rework, stage, key_origin, "
    "public_key_sha256, certificate, thing_name, proof, replaces, outcome, failure_code, failure_step, "
    "failure_text, finished_at, duration_ms, step_ms, last_event";

attempt_state attempt_from(statement& row) {
    attempt_state a;
    int at = 0;
    a.number = row.integer(at++);
    a.attempt_id = row.text(at++);
    a.station = row.integer(at++);
    for (auto* text : {&a.slot, &a.port, &a.product, &a.started_at}) *text = row.text(at++);
    a.clock_synchronised = row.integer(at++) != 0;
    for (auto* text : {&a.serial, &a.serial_source, &a.dialect, &a.firmware_version, &a.work_order,
                       &a.operator_name, &a.template_name})
        *text = row.text(at++);
    a.rework = row.integer(at++) != 0;
    a.reached = stage_from(row.view(at++));
    a.key_origin = row.text(at++);
    a.public_key_sha256 = row.text(at++);
    a.certificate = row.integer(at++);
    for (auto* text : {&a.thing_name, &a.proof, &a.replaces, &a.outcome, &a.failure_code, &a.failure_step,
                       &a.failure_text, &a.finished_at})
        *text = row.text(at++);
    if (!row.is_null(at)) a.duration_ms = row.integer(at);
    ++at;
    a.step_ms = row.text(at++);
    a.last_event = row.integer(at++);
    return a;
}

bool is_row_of(statement& row, const attempt_state& a) {
    const auto texts = [&row](int at, std::initializer_list<const std::string*> all) {
        return std::all_of(all.begin(), all.end(), [&](const auto* text) { return row.view(at++) == *text; });
    };
    return row.integer(0) == a.number && row.view(1) == a.attempt_id && row.integer(2) == a.station &&
           texts(3, {&a.slot, &a.port, &a.product, &a.started_at}) &&
           row.integer(7) == std::int64_t{a.clock_synchronised} &&
           texts(8, {&a.serial, &a.serial_source, &a.dialect, &a.firmware_version, &a.work_order,
                     &a.operator_name, &a.template_name}) &&
           row.integer(15) == std::int64_t{a.rework} && row.view(16) == stage_name(a.reached) &&
           texts(17, {&a.key_origin, &a.public_key_sha256}) && row.integer(19) == a.certificate &&
           texts(20, {&a.thing_name, &a.proof, &a.replaces, &a.outcome, &a.failure_code, &a.failure_step,
                      &a.failure_text, &a.finished_at}) &&
           row.is_null(28) == !a.duration_ms && row.integer(28) == a.duration_ms.value_or(0) &&
           row.view(29) == a.step_ms && row.integer(30) == a.last_event;
}

bool is_row_of(statement& row, const certificate_state& c) {
    const auto texts = [&row](int at, std::initializer_list<const std::string*> all) {
        return std::all_of(all.begin(), all.end(), [&](const auto* text) { return row.view(at++) == *text; });
    };
    return row.integer(0) == c.number && row.integer(10) == c.state_event &&
           row.view(1) == c.certificate_id && row.integer(2) == c.attempt &&
           texts(3, {&c.serial, &c.public_key_sha256, &c.issued_at, &c.not_after, &c.thing_name}) &&
           row.integer(8) == c.registration && row.view(9) == c.state &&
           texts(11, {&c.why, &c.replaced_by, &c.revoked_at, &c.revoked_by, &c.revoked_note});
}

void insert(connection& into, const attempt_state& a) {
    static const std::string sql = "INSERT INTO attempt (" + std::string(attempt_columns) +
                                   ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, "
                                   "?15, ?16, ?17, ?18, ?19, NULL, "
                                   "?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31)";
    auto& row = into.prepared(sql.c_str());
    row.bind(1, a.number).bind(2, a.attempt_id).bind(3, a.station);
    bind_texts(row, 4, {&a.slot, &a.port, &a.product, &a.started_at});
    row.bind(8, std::int64_t{a.clock_synchronised});
    bind_texts(row, 9,
               {&a.serial, &a.serial_source, &a.dialect, &a.firmware_version, &a.work_order, &a.operator_name,
                &a.template_name});
    row.bind(16, std::int64_t{a.rework}).bind(17, stage_name(a.reached));
    bind_texts(row, 18, {&a.key_origin, &a.public_key_sha256});
    bind_texts(row, 21,
               {&a.thing_name, &a.proof, &a.replaces, &a.outcome, &a.failure_code, &a.failure_step,
                &a.failure_text, &a.finished_at});
    bind_duration(row, 29, a);
    row.bind(30, a.step_ms).bind(31, a.last_event).run();
}

void set_certificate(connection& into, const attempt_state& a) {
    into.prepared("UPDATE attempt SET certificate = ?2 WHERE number = ?1")
        .bind(1, a.number)
        .bind_number(2, a.certificate)
        .run();
}

namespace {

constexpr std::array<const char*, 4> indexed_names{"serial", "work_order", "thing_name", "outcome"};

std::array<const std::string*, indexed_names.size()> indexed_texts(const attempt_state& a) {
    return {&a.serial, &a.work_order, &a.thing_name, &a.outcome};
}

std::string update_of(unsigned changed) {
    std::string sql =
        "UPDATE attempt SET clock_synchronised = ?2, rework = ?3, stage = ?4, certificate = ?5, last_event = "
        "?6, duration_ms = ?7, serial_source = ?8, dialect = ?9, firmware_version = ?10, operator_name = "
        "?11, template_name = ?12, key_origin = ?13, public_key_sha256 = ?14, proof = ?15, replaces = ?16, "
        "failure_code = ?17, failure_step = ?18, failure_text = ?19, finished_at = ?20, step_ms = ?21";
    for (std::size_t i = 0; i < indexed_names.size(); ++i)
        if ((changed & 1U << i) != 0)
            sql += ", " + std::string(indexed_names[i]) + " = ?" + std::to_string(22 + i);
    return sql + " WHERE number = ?1";
}

constexpr std::size_t updates = std::size_t{1} << indexed_names.size();

}  // namespace

void update(connection& into, const indexed_columns& was, const attempt_state& a) {
    static const auto sqls = [] {
        std::array<std::string, updates> all;
        for (unsigned changed = 0; changed < updates; ++changed) all[changed] = update_of(changed);
        return all;
    }();
    const auto now = indexed_texts(a);
    const std::array before{&was.serial, &was.work_order, &was.thing_name, &was.outcome};
    unsigned changed = 0;  // a bit for each that differs
    for (std::size_t i = 0; i < now.size(); ++i)
        if (*before[i] != *now[i]) changed |= 1U << i;
    auto& row = into.prepared(sqls[changed].c_str());
    row.bind(1, a.number).bind(2, std::int64_t{a.clock_synchronised}).bind(3, std::int64_t{a.rework});
    row.bind(4, stage_name(a.reached)).bind_number(5, a.certificate).bind(6, a.last_event);
    bind_duration(row, 7, a);
    bind_texts(row, 8,
               {&a.serial_source, &a.dialect, &a.firmware_version, &a.operator_name, &a.template_name,
                &a.key_origin, &a.public_key_sha256, &a.proof, &a.replaces, &a.failure_code, &a.failure_step,
                &a.failure_text, &a.finished_at, &a.step_ms});
    for (std::size_t i = 0; i < now.size(); ++i)
        if ((changed & 1U << i) != 0) row.bind(static_cast<int>(22 + i), *now[i]);
    row.run();
}

const char* const certificate_columns =
    "number, certificate_id, attempt, serial, public_key_sha256, issued_at, not_after, thing_name, "
    "registration, "
    "state, state_event, why, replaced_by, revoked_at, revoked_by, revoked_note";

certificate_state certificate_from(statement& row) {
    certificate_state c;
    c.number = row.integer(0);
    c.certificate_id = row.text(1);
    c.attempt = row.integer(2);
    int at = 3;
    for (auto* text : {&c.serial, &c.public_key_sha256, &c.issued_at, &c.not_after, &c.thing_name})
        *text = row.text(at++);
    c.registration = row.integer(8);
    c.state = row.text(9);
    c.state_event = row.integer(10);
    at = 11;
    for (auto* text : {&c.why, &c.replaced_by, &c.revoked_at, &c.revoked_by, &c.revoked_note})
        *text = row.text(at++);
    return c;
}

void insert(connection& into, const certificate_state& c) {
    auto& row = into.prepared(
        "INSERT INTO certificate (number, certificate_id, attempt, serial, public_key_sha256, issued_at, "
        "not_after, "
        "thing_name, registration, state, state_event, why, replaced_by, revoked_at, revoked_by, "
        "revoked_note) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)");
    row.bind(1, c.number).bind(2, c.certificate_id).bind_number(3, c.attempt).bind(4, c.serial);
    row.bind(5, c.public_key_sha256).bind(6, c.issued_at).bind(7, c.not_after).bind(8, c.thing_name);
    row.bind_number(9, c.registration).bind(10, c.state).bind(11, c.state_event).bind(12, c.why);
    row.bind(13, c.replaced_by).bind(14, c.revoked_at).bind(15, c.revoked_by).bind(16, c.revoked_note);
    row.run();
}

void update(connection& into, const certificate_state& c) {
    auto& row = into.prepared(
        "UPDATE certificate SET thing_name = ?2, registration = ?3, state = ?4, state_event = ?5, why = ?6, "
        "replaced_by = ?7, revoked_at = ?8, revoked_by = ?9, revoked_note = ?10 WHERE number = ?1");
    row.bind(1, c.number).bind(2, c.thing_name).bind_number(3, c.registration).bind(4, c.state);
    row.bind(5, c.state_event).bind(6, c.why).bind(7, c.replaced_by).bind(8, c.revoked_at);
    row.bind(9, c.revoked_by).bind(10, c.revoked_note);
    row.run();
}

const char* const order_columns =
    "name, product, quota, allow_list, opened_at, opened_by, closed_at, closed_by, passed, last_event, "
    "first_serial, last_serial, last_assigned";

order_state order_from(statement& row) {
    order_state o;
    o.name = row.text(0);
    o.product = row.text(1);
    o.quota = row.integer(2);
    o.allow_list = row.integer(3) != 0;
    int at = 4;
    for (auto* text : {&o.opened_at, &o.opened_by, &o.closed_at, &o.closed_by}) *text = row.text(at++);
    o.passed = row.integer(8);
    o.last_event = row.integer(9);
    at = 10;
    for (auto* text : {&o.first_serial, &o.last_serial, &o.last_assigned}) *text = row.text(at++);
    return o;
}

void replace(connection& into, const order_state& o) {
    auto& row = into.prepared(
        "INSERT INTO work_order (name, product, quota, allow_list, opened_at, opened_by, closed_at, "
        "closed_by, "
        "passed, last_event, first_serial, last_serial, last_assigned) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, "
        "?8, ?9, ?10, ?11, ?12, ?13) ON CONFLICT (name) DO UPDATE "
        "SET "
        "product = ?2, quota = ?3, allow_list = ?4, opened_at = ?5, opened_by = ?6, closed_at = ?7, "
        "closed_by = ?8, "
        "passed = ?9, last_event = ?10, first_serial = ?11, last_serial = ?12, last_assigned = ?13");
    row.bind(11, o.first_serial).bind(12, o.last_serial).bind(13, o.last_assigned);
    row.bind(1, o.name).bind(2, o.product).bind(3, o.quota).bind(4, std::int64_t{o.allow_list});
    row.bind(5, o.opened_at).bind(6, o.opened_by).bind(7, o.closed_at).bind(8, o.closed_by);
    row.bind(9, o.passed).bind(10, o.last_event);
    row.run();
}

const char* const rework_columns = "number, serial, reason, authorised_by, authorised_at";

rework_state rework_from(statement& row) {
    return {row.integer(0), row.text(1), row.text(2), row.text(3), row.text(4)};
}

void insert(connection& into, const rework_state& r) {
    auto& row = into.prepared(
        "INSERT INTO rework (number, serial, reason, authorised_by, authorised_at) VALUES (?1, ?2, ?3, ?4, "
        "?5)");
    row.bind(1, r.number)
        .bind(2, r.serial)
        .bind(3, r.reason)
        .bind(4, r.authorised_by)
        .bind(5, r.authorised_at);
    row.run();
}

}  // namespace fleetline::ledger
