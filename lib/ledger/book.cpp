// SPDX-License-Identifier: Apache-2.0
#include "ledger/book.hpp"

#include <utility>

#include "ledger/book_rows.hpp"

namespace fleetline::ledger {

namespace {

std::string select(const char* columns, const char* from) {
    return "SELECT " + std::string(columns) + " FROM " + from;
}

}  // namespace

std::int64_t book::attempt_number(const std::string& id) {
    if (const auto known = attempt_numbers_.find(id); known != attempt_numbers_.end()) return known->second;
    auto& row = rows_.prepared("SELECT number FROM attempt WHERE attempt_id = ?1");
    const resetting after(row);
    row.bind(1, id);
    return row.step() ? row.integer(0) : 0;
}

book::held_attempt* book::hold_attempt(std::int64_t number) {
    if (const auto known = attempts_.find(number); known != attempts_.end()) return &known->second;
    static const std::string sql = select(attempt_columns, "attempt WHERE number = ?1");
    auto& row = rows_.prepared(sql.c_str());
    const resetting after(row);
    row.bind(1, number);
    if (!row.step()) return nullptr;
    auto& held = attempts_[number];
    held.now = attempt_from(row);
    held.saved = held.now;
    attempt_numbers_[held.now.attempt_id] = number;
    return &held;
}

attempt_state* book::attempt(std::int64_t number) {
    auto* held = hold_attempt(number);
    if (held == nullptr) return nullptr;
    held->changed = true;
    return &held->now;
}

const attempt_state* book::look_at_attempt(std::int64_t number) {
    const auto* held = hold_attempt(number);
    return held == nullptr ? nullptr : &held->now;
}

attempt_state& book::add_attempt(std::int64_t number) {
    auto& held = attempts_[number];
    held.now.number = number;
    held.changed = true;
    return held.now;
}

book::held_certificate* book::hold(statement& found) {
    const std::int64_t number = found.integer(0);
    if (const auto known = certificates_.find(number); known != certificates_.end()) return &known->second;
    auto& held = certificates_[number];
    held.now = certificate_from(found);
    held.saved = true;
    if (!held.now.certificate_id.empty()) certificate_numbers_[held.now.certificate_id] = number;
    return &held;
}

certificate_state* book::certificate(const std::string& id) {
    if (const auto known = certificate_numbers_.find(id); known != certificate_numbers_.end())
        return &certificates_.at(known->second).now;
    static const std::string sql = select(certificate_columns, "certificate WHERE certificate_id = ?1");
    auto& row = rows_.prepared(sql.c_str());
    const resetting after(row);
    row.bind(1, id);
    return row.step() ? &hold(row)->now : nullptr;
}

certificate_state* book::certificate(std::int64_t number) {
    if (const auto known = certificates_.find(number); known != certificates_.end())
        return &known->second.now;
    static const std::string sql = select(certificate_columns, "certificate WHERE number = ?1");
    auto& row = rows_.prepared(sql.c_str());
    const resetting after(row);
    row.bind(1, number);
    return row.step() ? &hold(row)->now : nullptr;
}

std::vector<certificate_state*> book::certificates_of(const std::string& serial) {
    static const std::string sql = select(certificate_columns, "certificate WHERE serial = ?1");
    if (!serial.empty()) {
        auto& row = rows_.prepared(sql.c_str());
        const resetting after(row);
        row.bind(1, serial);
        while (row.step()) hold(row);
    }
    // And those that are not in the table yet. Only what this transaction touched is held: a few.
    std::vector<certificate_state*> found;
    for (auto& [number, held] : certificates_)
        if (!serial.empty() && held.now.serial == serial) found.push_back(&held.now);
    return found;
}

certificate_state& book::add_certificate(std::int64_t number, const std::string& id) {
    auto& held = certificates_[number];
    held.now.number = number;
    held.now.certificate_id = id;
    held.changed = true;
    if (!id.empty()) certificate_numbers_[id] = number;
    return held.now;
}

certificate_state& book::change(certificate_state& what) {
    certificates_.at(what.number).changed = true;
    return what;
}

order_state* book::order(const std::string& name) {
    if (const auto known = orders_.find(name); known != orders_.end()) {
        known->second.changed = true;
        return &known->second.now;
    }
    static const std::string sql = select(order_columns, "work_order WHERE name = ?1");
    auto& row = rows_.prepared(sql.c_str());
    const resetting after(row);
    row.bind(1, name);
    if (!row.step()) return nullptr;
    auto& held = orders_[name];
    held.now = order_from(row);
    held.changed = true;
    return &held.now;
}

order_state& book::add_order(const std::string& name) {
    auto& held = orders_[name];
    held.now.name = name;
    held.changed = true;
    return held.now;
}

void book::add_rework(rework_state what) {
    reworks_.push_back(std::move(what));
}

void book::save(held_certificate& held) {
    if (held.saved)
        update(rows_, held.now);
    else
        insert(rows_, held.now);
    held.saved = true;
    held.changed = false;
}

void book::write() {
    // The certificate that stops being current is written before the one that takes its place.
    for (const bool current : {false, true})
        for (auto& [number, held] : certificates_)
            if (held.changed && (held.now.state == "current") == current) save(held);
    for (auto& [number, held] : attempts_) {
        if (!held.changed) continue;
        if (!held.saved) {
            insert(rows_, held.now);
        } else if (!(*held.saved == held.now)) {
            const auto& was = *held.saved;
            update(rows_, held.now,
                   was.serial != held.now.serial || was.work_order != held.now.work_order ||
                       was.thing_name != held.now.thing_name || was.outcome != held.now.outcome);
        }
        held.saved = held.now;
        held.changed = false;
        attempt_numbers_[held.now.attempt_id] = number;
    }
    for (auto& [name, held] : orders_)
        if (std::exchange(held.changed, false)) replace(rows_, held.now);
    for (const auto& rework : std::exchange(reworks_, {})) insert(rows_, rework);
    for (const auto number : std::exchange(dropped_tokens_, {}))
        rows_.prepared("DELETE FROM ownership_token WHERE certificate = ?1").bind(1, number).run();
}

void book::forget() {
    attempts_.clear();
    attempt_numbers_.clear();
    certificates_.clear();
    certificate_numbers_.clear();
    orders_.clear();
    reworks_.clear();
    dropped_tokens_.clear();
}

void book::forget_ended() {
    std::erase_if(attempts_, [this](const auto& entry) {
        if (entry.second.now.open()) return false;
        attempt_numbers_.erase(entry.second.now.attempt_id);
        return true;
    });
    certificates_.clear();
    certificate_numbers_.clear();
    orders_.clear();
}

}  // namespace fleetline::ledger
