// SPDX-License-Identifier: Apache-2.0
// The side of the book that verify uses: rows are compared, not written.
#include <algorithm>
#include <bit>
#include <functional>
#include <utility>

#include "ledger/book.hpp"
#include "ledger/book_rows.hpp"

namespace fleetline::ledger {

namespace {

/// Collects "column outcome says 'passed', its events say 'failed'".
class comparison {
  public:
    void operator()(const char* column, const std::string& row, const std::string& events) {
        if (row == events || !text_.empty()) return;
        text_ = "its " + std::string(column) + " says '" + row + "' where the events say '" + events + "'";
    }
    void operator()(const char* column, std::int64_t row, std::int64_t events) {
        if (row != events) (*this)(column, std::to_string(row), std::to_string(events));
    }

    const std::string& text() const { return text_; }

  private:
    std::string text_;
};

std::string difference(const attempt_state& row, const attempt_state& events) {
    comparison compare;
    compare("attempt_id", row.attempt_id, events.attempt_id);
    compare("station", row.station, events.station);
    compare("slot", row.slot, events.slot);
    compare("port", row.port, events.port);
    compare("product", row.product, events.product);
    compare("started_at", row.started_at, events.started_at);
    compare("clock_synchronised", row.clock_synchronised, events.clock_synchronised);
    compare("serial", row.serial, events.serial);
    compare("serial_source", row.serial_source, events.serial_source);
    compare("dialect", row.dialect, events.dialect);
    compare("firmware_version", row.firmware_version, events.firmware_version);
    compare("work_order", row.work_order, events.work_order);
    compare("operator_name", row.operator_name, events.operator_name);
    compare("template_name", row.template_name, events.template_name);
    compare("rework", row.rework, events.rework);
    compare("stage", std::string(stage_name(row.reached)), std::string(stage_name(events.reached)));
    compare("key_origin", row.key_origin, events.key_origin);
    compare("public_key_sha256", row.public_key_sha256, events.public_key_sha256);
    compare("certificate", row.certificate, events.certificate);
    compare("thing_name", row.thing_name, events.thing_name);
    compare("proof", row.proof, events.proof);
    compare("replaces", row.replaces, events.replaces);
    compare("outcome", row.outcome, events.outcome);
    compare("failure_code", row.failure_code, events.failure_code);
    compare("failure_step", row.failure_step, events.failure_step);
    compare("failure_text", row.failure_text, events.failure_text);
    compare("finished_at", row.finished_at, events.finished_at);
    compare("duration_ms", row.duration_ms.value_or(-1), events.duration_ms.value_or(-1));
    compare("step_ms", row.step_ms, events.step_ms);
    compare("last_event", row.last_event, events.last_event);
    return compare.text();
}

std::string difference(const certificate_state& row, const certificate_state& events) {
    comparison compare;
    compare("certificate_id", row.certificate_id, events.certificate_id);
    compare("attempt", row.attempt, events.attempt);
    compare("serial", row.serial, events.serial);
    compare("public_key_sha256", row.public_key_sha256, events.public_key_sha256);
    compare("issued_at", row.issued_at, events.issued_at);
    compare("not_after", row.not_after, events.not_after);
    compare("thing_name", row.thing_name, events.thing_name);
    compare("registration", row.registration, events.registration);
    compare("state", row.state, events.state);
    compare("state_event", row.state_event, events.state_event);
    compare("why", row.why, events.why);
    compare("replaced_by", row.replaced_by, events.replaced_by);
    compare("revoked_at", row.revoked_at, events.revoked_at);
    compare("revoked_by", row.revoked_by, events.revoked_by);
    compare("revoked_note", row.revoked_note, events.revoked_note);
    return compare.text();
}

}  // namespace

row_walk::row_walk(connection& rows, const char* columns, const char* table)
    : row_(rows.database(),
           "SELECT " + std::string(columns) + " FROM " + table + " WHERE number >= ?1 ORDER BY number") {}

bool row_walk::step() {
    open_ = false;  // should it throw
    open_ = row_.step();
    if (open_) here_ = row_.integer(0);
    return open_;
}

statement* row_walk::at(std::int64_t number) {
    constexpr int ahead = 4;  // a search costs about as much
    for (int i = 0; i < ahead && open_ && here_ < number; ++i) step();
    if (!open_ || here_ != number) {
        row_.reset();
        row_.bind(1, number);
        step();
    }
    return open_ && here_ == number ? &row_ : nullptr;
}

seen_texts::seen_texts(std::int64_t count) {
    constexpr std::size_t least = 1024;
    constexpr std::size_t most = std::size_t{1} << 26U;  // 8 MiB
    const auto wanted = static_cast<std::size_t>(count) * 16;
    places_.resize(std::bit_ceil(std::clamp(wanted, least, most)));
}

/// (https://doi.org/10.1145/362686.362692: a place each of three hashes.)
std::array<std::size_t, 3> seen_texts::places_of(std::string_view text) const {
    const std::uint64_t hash = std::hash<std::string_view>()(text);
    const std::size_t last = places_.size() - 1;
    return {hash & last, (hash >> 26U) & last, ((hash * 0x9e3779b97f4a7c15U) >> 38U) & last};
}

void seen_texts::add(std::string_view text) {
    for (const auto place : places_of(text)) places_[place] = true;
}

bool seen_texts::perhaps(std::string_view text) const {
    const auto places = places_of(text);
    return std::all_of(places.begin(), places.end(), [this](const auto place) { return places_[place]; });
}

void book::begin_checking(std::int64_t events) {
    constexpr std::int64_t events_of_a_pass = 8;  // at least
    passed_.emplace(events / events_of_a_pass);
    set_horizon(1);
}

statement* book::attempt_row(std::int64_t number) {
    if (!attempt_rows_) attempt_rows_.emplace(rows_, attempt_columns, "attempt");
    return attempt_rows_->at(number);
}

statement* book::certificate_row(std::int64_t number) {
    if (!certificate_rows_) certificate_rows_.emplace(rows_, certificate_columns, "certificate");
    return certificate_rows_->at(number);
}

bool book::settled(const held_attempt& held) {
    auto* row = attempt_row(held.now.number);
    return row != nullptr && is_row_of(*row, held.now);
}

bool book::settled(const held_certificate& held) {
    auto* row = certificate_row(held.now.number);
    return row != nullptr && is_row_of(*row, held.now);
}

void book::drop(std::map<std::int64_t, held_certificate>::iterator which) {
    certificate_numbers_.erase(which->second.now.certificate_id);
    const auto [first, last] = certificate_serials_.equal_range(which->second.now.serial);
    for (auto one = first; one != last; ++one) {
        if (one->second != which->first) continue;
        certificate_serials_.erase(one);
        break;
    }
    certificates_.erase(which);
}

void book::settle(std::int64_t ended_attempt) {
    if (const auto ended = attempts_.find(ended_attempt);
        ended != attempts_.end() && !ended->second.now.open()) {
        touched_.push_back(ended->second.now.certificate);
        if (settled(ended->second)) {
            attempt_numbers_.erase(ended->second.now.attempt_id);
            attempts_.erase(ended);
        }
    }
    for (const auto number : std::exchange(loaded_, {})) {
        const auto held = attempts_.find(number);
        if (held != attempts_.end() && !held->second.changed && !held->second.now.open()) {
            attempt_numbers_.erase(held->second.now.attempt_id);
            attempts_.erase(held);
        }
    }
    for (const auto number : std::exchange(touched_, {})) {
        const auto held = certificates_.find(number);
        if (held == certificates_.end()) continue;
        if (held->second.saved && !held->second.changed) {
            drop(held);  // as its row has it: it was only looked at
            continue;
        }
        const auto of = attempts_.find(held->second.now.attempt);
        const bool goes_on = held->second.now.under_way() && of != attempts_.end() && of->second.now.open();
        if (!goes_on && settled(held->second)) drop(held);
    }
    dropped_tokens_.clear();
}

std::map<std::int64_t, std::string> book::differences() {
    std::map<std::int64_t, std::string> found;
    for (const auto& [number, held] : attempts_) {
        auto* row = attempt_row(number);
        auto what = row != nullptr ? difference(attempt_from(*row), held.now) : "its row is missing";
        if (row != nullptr && what.empty() && !is_row_of(*row, held.now))
            what = "its row is not what the events made it";
        if (!what.empty())
            found[number] = "attempt " + std::to_string(number) + " (" + held.now.attempt_id + "): " + what;
    }
    for (const auto& [number, held] : certificates_) {
        auto* row = certificate_row(number);
        const auto what =
            row != nullptr ? difference(certificate_from(*row), held.now) : "its row is missing";
        if (!what.empty())
            found[number] =
                "certificate " + std::to_string(number) + " (" + held.now.certificate_id + "): " + what;
    }
    return found;
}

std::string difference(const order_state& row, const order_state& events) {
    comparison compare;
    compare("product", row.product, events.product);
    compare("quota", row.quota, events.quota);
    compare("allow_list", row.allow_list, events.allow_list);
    compare("opened_at", row.opened_at, events.opened_at);
    compare("opened_by", row.opened_by, events.opened_by);
    compare("closed_at", row.closed_at, events.closed_at);
    compare("closed_by", row.closed_by, events.closed_by);
    compare("passed", row.passed, events.passed);
    compare("last_event", row.last_event, events.last_event);
    compare("first_serial", row.first_serial, events.first_serial);
    compare("last_serial", row.last_serial, events.last_serial);
    compare("last_assigned", row.last_assigned, events.last_assigned);
    return compare.text();
}

std::vector<order_state> book::orders() const {
    std::vector<order_state> all;
    for (const auto& [name, held] : orders_) all.push_back(held.now);
    return all;
}

}  // namespace fleetline::ledger
