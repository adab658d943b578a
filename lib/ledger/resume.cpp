// SPDX-License-Identifier: Apache-2.0
#include "ledger/resume.hpp"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "core/serial_range.hpp"
#include "ledger/book_rows.hpp"
#include "ledger/event_codec.hpp"

namespace fleetline::ledger {

namespace {

/// A serial's attempts, looked at from the one that acted last: it may have begun before another that has
/// ended.
struct history {
    using attempt = std::shared_ptr<const attempt_state>;
    attempt holder;             ///< the last one that made a key or went on with a certificate
    attempt latest;             ///< the last one that was not refused
    attempt passed;             ///< the last one that passed
    std::int64_t failures = 0;  ///< since then, or since the last authorised rework
    std::int64_t rework = 0;    ///< event of that; 0: none
};

std::int64_t last_rework(connection& rows, const serial_number& serial) {
    auto& row = rows.prepared("SELECT max(number) FROM rework WHERE serial = ?1");
    const resetting after(row);
    row.bind(1, serial.text());
    return row.step() ? row.integer(0) : 0;
}

/// In whatever order the rows come: sorting them took as long as all the rest.
history history_of(connection& rows, const serial_number& serial) {
    static const std::string sql =
        "SELECT " + std::string(attempt_columns) + " FROM attempt WHERE serial = ?1";
    const auto keep_later = [](history::attempt& kept, const history::attempt& a) {
        if (!kept || kept->last_event < a->last_event) kept = a;
    };
    history found;
    found.rework = last_rework(rows, serial);
    std::vector<std::int64_t> failed;
    auto& row = rows.prepared(sql.c_str());
    const resetting after(row);
    row.bind(1, serial.text());
    while (row.step()) {
        const auto a = std::make_shared<const attempt_state>(attempt_from(row));
        if (a->outcome != "refused") keep_later(found.latest, a);
        if (a->reached >= stage::csr_made) keep_later(found.holder, a);
        if (a->outcome == "passed") keep_later(found.passed, a);
        if (a->outcome == "failed") failed.push_back(a->last_event);
    }
    const auto since = std::max(found.rework, found.passed ? found.passed->last_event : 0);
    found.failures = std::count_if(failed.begin(), failed.end(), [since](auto at) { return at > since; });
    return found;
}

std::optional<certificate_state> certificate_numbered(connection& rows, std::int64_t number) {
    static const std::string sql =
        "SELECT " + std::string(certificate_columns) + " FROM certificate WHERE number = ?1";
    auto& row = rows.prepared(sql.c_str());
    const resetting after(row);
    row.bind(1, number);
    if (number == 0 || !row.step()) return std::nullopt;
    return certificate_from(row);
}

/// How far the board really is: a certificate that was set aside takes it back to its key.
stage stage_of(const attempt_state& holder, const std::optional<certificate_state>& certificate) {
    if (holder.reached < stage::issued || holder.outcome == "passed") return holder.reached;
    return certificate && certificate->under_way() ? holder.reached : stage::csr_made;
}

template <class Event>
std::optional<Event> event_at(connection& rows, std::int64_t seq) {
    auto& row = rows.prepared("SELECT kind, payload FROM event WHERE seq = ?1");
    const resetting after(row);
    row.bind(1, seq);
    if (seq == 0 || !row.step()) return std::nullopt;
    auto what = event_from(row.view(0), row.view(1));
    auto* wanted = what ? std::get_if<Event>(&*what) : nullptr;
    return wanted == nullptr ? std::nullopt : std::optional<Event>(std::move(*wanted));
}

std::string pem_of(connection& rows, std::int64_t certificate) {
    if (auto made = event_at<issued>(rows, certificate)) return made->certificate_pem;
    if (auto aside = event_at<certificate_set_aside>(rows, certificate)) return aside->certificate_pem;
    return {};
}

utc_time time_from(const std::string& text) {
    const auto when = parse_rfc3339(text);
    return when ? *when : utc_time{};
}

void fill_certificate(connection& rows, const certificate_state& c, utc_time now, device_record& record) {
    record.certificate = certificate_id(c.certificate_id);
    record.certificate_pem = pem_of(rows, c.number);
    record.thing = thing_name(c.thing_name);
    if (auto answer = event_at<registered>(rows, c.registration))
        record.device_configuration = std::move(answer->device_configuration);
    auto& token = rows.prepared("SELECT token, expires_at FROM ownership_token WHERE certificate = ?1");
    const resetting after(token);
    token.bind(1, c.number);
    if (!token.step()) return;
    record.token_expires = time_from(token.text(1));
    if (record.token_expires > now) record.ownership_token = secret(token.view(0));
}

// In truth within minutes of the request, which is within the hour in which the token is good; but clocks
// jump.
constexpr std::chrono::hours answers_come_within{24};

std::vector<certificate_id> registrations_of(connection& rows, const serial_number& serial, utc_time now) {
    // One that was set aside before it was to be registered is `unaccounted`.
    auto& row = rows.prepared(
        "SELECT certificate_id FROM certificate WHERE serial = ?1 AND issued_at > ?2 AND "
        "(registration IS NOT NULL OR state IN ('requested', 'orphaned', 'revoked'))");
    const resetting after(row);
    const auto oldest = to_rfc3339(now - answers_come_within);
    row.bind(1, serial.text()).bind(2, oldest);
    std::vector<certificate_id> found;
    while (row.step()) found.emplace_back(row.text(0));
    return found;
}

}  // namespace

device_record device_record_of(connection& rows, const serial_number& serial, utc_time now) {
    device_record record;
    record.serial = serial;
    const auto past = history_of(rows, serial);
    record.failures = past.failures;
    record.registrations = registrations_of(rows, serial, now);
    // One authorisation is good until the board passes; failed tries do not use it up.
    record.rework_authorised = past.rework > (past.passed ? past.passed->last_event : 0);
    if (past.passed) {
        const auto current = certificate_numbered(rows, past.passed->certificate);
        if (current && current->state == "current")
            record.current_certificate = certificate_id(current->certificate_id);
    }
    const auto& matters = past.holder ? past.holder : past.latest;
    if (!matters) return record;

    record.attempt = attempt_id(matters->attempt_id);
    record.attempt_open = matters->open();
    record.slot = slot_name(matters->slot);
    record.outcome = matters->outcome;
    record.finished_at = time_from(matters->finished_at);
    record.template_name = matters->template_name;
    record.reached = matters->reached;
    if (!past.holder) return record;

    const auto certificate = certificate_numbered(rows, matters->certificate);
    record.reached = stage_of(*matters, certificate);
    record.key_origin = matters->key_origin;
    record.public_key_sha256 = matters->public_key_sha256;
    if (record.reached >= stage::issued && certificate) fill_certificate(rows, *certificate, now, record);
    return record;
}

std::vector<open_attempt> open_attempts_in(connection& rows) {
    auto& row = rows.prepared(
        "SELECT attempt_id, slot, serial, started_at FROM attempt WHERE outcome IS NULL ORDER BY number");
    const resetting after(row);
    std::vector<open_attempt> found;
    while (row.step())
        found.push_back({attempt_id(row.text(0)), slot_name(row.text(1)), serial_number(row.text(2)),
                         time_from(row.text(3))});
    return found;
}

std::optional<passed_record> passed_attempt_in(connection& rows, const attempt_id& attempt) {
    static const std::string sql = "SELECT " + std::string(attempt_columns) +
                                   " FROM attempt WHERE attempt_id = ?1 AND outcome = 'passed'";
    auto& row = rows.prepared(sql.c_str());
    const resetting after(row);
    row.bind(1, attempt.text());
    if (attempt.empty() || !row.step()) return std::nullopt;
    const auto a = attempt_from(row);
    const auto past = history_of(rows, serial_number(a.serial));
    if (!past.holder || past.holder->number != a.number) return std::nullopt;
    passed_record found;
    found.slot = slot_name(a.slot);
    found.product = product_name(a.product);
    found.serial = serial_number(a.serial);
    found.thing = thing_name(a.thing_name);
    if (const auto certificate = certificate_numbered(rows, a.certificate)) {
        found.certificate = certificate_id(certificate->certificate_id);
        if (found.thing.empty()) found.thing = thing_name(certificate->thing_name);
    }
    found.finished_at = time_from(a.finished_at);
    if (a.duration_ms) found.duration = milliseconds{*a.duration_ms};
    return found;
}

std::optional<order_record> open_order_in(connection& rows, const product_name& product) {
    static const std::string sql =
        "SELECT " + std::string(order_columns) +
        " FROM work_order WHERE product = ?1 AND closed_at IS NULL ORDER BY last_event "
        "DESC LIMIT 1";
    auto& row = rows.prepared(sql.c_str());
    const resetting after(row);
    row.bind(1, product.text());
    if (!row.step()) return std::nullopt;
    const auto o = order_from(row);
    return order_record{order_name(o.name),
                        product_name(o.product),
                        o.quota,
                        o.passed,
                        o.allow_list,
                        true,
                        !o.first_serial.empty(),
                        o.first_serial,
                        o.last_serial,
                        next_serial_in(rows, o.first_serial, o.last_serial, o.last_assigned)};
}

std::string next_serial_in(connection& rows, const std::string& first, const std::string& last,
                           const std::string& last_assigned) {
    if (first.empty()) return {};
    const auto range = serial_range::between(first, last);
    if (!range) return {};
    return range
        ->free_after(last_assigned, [&rows](const auto& serial) { return serial_known_in(rows, serial); })
        .value_or(std::string{});
}

bool serial_known_in(connection& rows, const std::string& serial) {
    auto& row = rows.prepared("SELECT 1 FROM attempt WHERE serial = ?1 LIMIT 1");
    const resetting after(row);
    row.bind(1, serial);
    return row.step();
}

serial_number serial_of_key_in(connection& rows, const product_name& product, const std::string& key_sha256) {
    auto& row = rows.prepared(
        "SELECT serial FROM attempt WHERE public_key_sha256 = ?1 AND serial_source = 'range' AND product = "
        "?2 "
        "AND serial IS NOT NULL ORDER BY last_event DESC LIMIT 1");
    const resetting after(row);
    row.bind(1, key_sha256).bind(2, product.text());
    return row.step() ? serial_number(row.text(0)) : serial_number();
}

bool serial_allowed_in(connection& rows, const order_name& order, const serial_number& serial) {
    auto& row = rows.prepared(
        "SELECT allow_list = 0 OR EXISTS (SELECT 1 FROM order_serial WHERE work_order = name AND serial = "
        "?2) "
        "FROM work_order WHERE name = ?1");
    const resetting after(row);
    row.bind(1, order.text()).bind(2, serial.text());
    return row.step() && row.integer(0) != 0;
}

}  // namespace fleetline::ledger
