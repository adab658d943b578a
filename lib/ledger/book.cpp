// SPDX-License-Identifier: Apache-2.0
#include "ledger/book.hpp"

#include <algorithm>
#include <utility>

#include "core/time.hpp"
#include "ledger/book_rows.hpp"
#include "ledger/resume.hpp"

namespace fleetline::ledger {

namespace {

constexpr std::size_t last_attempts = 256;  // as many as there may be slots

std::string select(const char* columns, const char* from) {
    return "SELECT " + std::string(columns) + " FROM " + from;
}

}  // namespace

bool book::has_certificate(const std::string& id) {
    // When checking, the table's own uniqueness answers: a second one would have no row.
    return checking() ? certificate_numbers_.contains(id) : certificate(id) != nullptr;
}

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
    auto found = attempt_from(row);
    if (found.last_event >= horizon_) return nullptr;
    auto& held = attempts_[number];
    held.now = std::move(found);
    held.saved.emplace(held.now);
    attempt_numbers_[held.now.attempt_id] = number;
    loaded_.push_back(number);
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

attempt_state& book::add_attempt(std::int64_t number, const std::string& id) {
    auto& held = attempts_[number];
    held.now.number = number;
    held.now.attempt_id = id;
    attempt_numbers_[id] = number;  // what follows it in the same transaction finds it
    held.changed = true;
    ++attempts_added_;
    return held.now;
}

bool book::passed_before(const std::string& serial, std::int64_t number, std::int64_t seq) {
    if (passed_ && !passed_->perhaps(serial)) return false;
    for (const auto& [other, held] : attempts_)
        if (!held.now.open() && other != number && held.now.serial == serial && held.now.outcome == "passed")
            return true;
    auto& row = rows_.prepared(
        "SELECT 1 FROM attempt WHERE serial = ?1 AND number <> ?2 AND outcome = 'passed' AND last_event < ?3 "
        "LIMIT 1");
    const resetting after(row);
    row.bind(1, serial).bind(2, number).bind(3, seq);
    return row.step();
}

bool book::serial_known(const std::string& serial) {
    for (const auto& [number, held] : attempts_)
        if (held.now.serial == serial) return true;
    return serial_known_in(rows_, serial);
}

bool book::similar_serial_lately(const std::string& serial) {
    if (serial.empty()) return false;
    if (!recent_) {
        auto& row = rows_.prepared("SELECT number, serial FROM attempt ORDER BY number DESC LIMIT ?1");
        const resetting after(row);
        row.bind(1, static_cast<std::int64_t>(last_attempts));
        auto& found = recent_.emplace();
        while (row.step()) found.emplace_front(row.integer(0), row.text(1));
    }
    return std::any_of(recent_->begin(), recent_->end(), [&serial](const auto& one) {
        return one.second.size() > serial.size() && one.second.find(serial) != std::string::npos;
    });
}

void book::note_recent(const attempt_state& written) {
    if (!recent_) return;
    const auto at = std::lower_bound(recent_->begin(), recent_->end(), written.number,
                                     [](const auto& one, std::int64_t number) { return one.first < number; });
    if (at != recent_->end() && at->first == written.number)
        at->second = written.serial;
    else if (at != recent_->begin() || recent_->size() < last_attempts)
        recent_->emplace(at, written.number, written.serial);
    if (recent_->size() > last_attempts) recent_->pop_front();
}

book::held_certificate* book::hold(statement& found) {
    const std::int64_t number = found.integer(0);
    if (const auto known = certificates_.find(number); known != certificates_.end()) return &known->second;
    if (number >= horizon_ || found.integer(10) >= horizon_) return nullptr;
    auto& held = certificates_[number];
    held.now = certificate_from(found);
    held.saved = true;
    if (!held.now.certificate_id.empty()) certificate_numbers_[held.now.certificate_id] = number;
    if (!held.now.serial.empty()) certificate_serials_.emplace(held.now.serial, number);
    touched_.push_back(number);
    return &held;
}

certificate_state* book::certificate(const std::string& id) {
    if (const auto known = certificate_numbers_.find(id); known != certificate_numbers_.end())
        return &certificates_.at(known->second).now;
    static const std::string sql = select(certificate_columns, "certificate WHERE certificate_id = ?1");
    return look_up(rows_.prepared(sql.c_str()).bind(1, id));
}

certificate_state* book::certificate(std::int64_t number) {
    if (const auto known = certificates_.find(number); known != certificates_.end())
        return &known->second.now;
    static const std::string sql = select(certificate_columns, "certificate WHERE number = ?1");
    return look_up(rows_.prepared(sql.c_str()).bind(1, number));
}

certificate_state* book::look_up(statement& row) {
    const resetting after(row);
    auto* held = row.step() ? hold(row) : nullptr;
    return held == nullptr ? nullptr : &held->now;
}

std::vector<certificate_state*> book::certificates_of(const std::string& serial) {
    if (serial.empty()) return {};
    if (!checking()) {
        static const std::string sql = select(certificate_columns, "certificate WHERE serial = ?1");
        auto& row = rows_.prepared(sql.c_str());
        const resetting after(row);
        row.bind(1, serial);
        while (row.step()) hold(row);
    }
    // When checking, what is not held is as its row says for good: verify looks at the end whether that can
    // be. Those that are not in the table yet are among the held ones too.
    std::vector<certificate_state*> found;
    const auto [first, last] = certificate_serials_.equal_range(serial);
    for (auto one = first; one != last; ++one) found.push_back(&certificates_.at(one->second).now);
    // Whatever was in memory before, the last one is the same: an attempt says that it replaces that.
    std::sort(found.begin(), found.end(), [](const auto* a, const auto* b) { return a->number > b->number; });
    return found;
}

certificate_state& book::add_certificate(std::int64_t number, const std::string& id,
                                         const std::string& serial) {
    auto& held = certificates_[number];
    held.now.number = number;
    held.now.certificate_id = id;
    held.now.serial = serial;
    held.changed = true;
    ++certificates_added_;
    touched_.push_back(number);
    if (!id.empty()) certificate_numbers_[id] = number;
    if (!serial.empty()) certificate_serials_.emplace(serial, number);
    return held.now;
}

certificate_state& book::change(certificate_state& what) {
    certificates_.at(what.number).changed = true;
    touched_.push_back(what.number);
    return what;
}

order_state* book::order(const std::string& name) {
    if (const auto known = orders_.find(name); known != orders_.end()) {
        known->second.changed = true;
        return &known->second.now;
    }
    if (checking()) return nullptr;  // orders are held from their first event on
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
    // A row stands before what refers to it: while a deferred reference waits for its row, SQLite looks for
    // it in the whole referring table at every insert.
    for (auto& [number, held] : attempts_)
        if (held.changed && !held.saved) insert(rows_, held.now);
    // The certificate that stops being current is written before the one that takes its place.
    for (const bool current : {false, true})
        for (auto& [number, held] : certificates_)
            if (held.changed && (held.now.state == "current") == current) save(held);
    for (auto& [number, held] : attempts_) {
        if (!held.changed) continue;
        if (held.saved)
            update(rows_, *held.saved, held.now);
        else if (held.now.certificate != 0)
            set_certificate(rows_, held.now);
        if (held.now.open()) held.saved.emplace(held.now);  // others are forgotten
        held.changed = false;
        note_recent(held.now);
    }
    for (auto& [name, held] : orders_)
        if (std::exchange(held.changed, false)) replace(rows_, held.now);
    for (const auto& rework : std::exchange(reworks_, {})) insert(rows_, rework);
    if (!kept_tokens_.empty())
        rows_.prepared("DELETE FROM ownership_token WHERE expires_at < ?1").bind(1, tokens_kept_at_).run();
    for (const auto& [number, made] : std::exchange(kept_tokens_, {}))
        rows_.prepared("INSERT INTO ownership_token (certificate, token, expires_at) VALUES (?1, ?2, ?3)")
            .bind(1, number)
            .bind_blob(2, made->ownership_token.reveal())
            .bind(3, to_rfc3339(made->token_expires))
            .run();
    for (const auto number : std::exchange(dropped_tokens_, {}))
        rows_.prepared("DELETE FROM ownership_token WHERE certificate = ?1").bind(1, number).run();
}

void book::forget() {
    attempts_.clear();
    attempt_numbers_.clear();
    certificates_.clear();
    certificate_numbers_.clear();
    certificate_serials_.clear();
    touched_.clear();
    loaded_.clear();
    orders_.clear();
    reworks_.clear();
    kept_tokens_.clear();
    dropped_tokens_.clear();
    forget_recent();
}

void book::forget_ended() {
    std::erase_if(attempts_, [this](const auto& entry) {
        if (entry.second.now.open()) return false;
        attempt_numbers_.erase(entry.second.now.attempt_id);
        return true;
    });
    for (auto next = certificates_.begin(); next != certificates_.end();) {
        const auto one = next++;
        const auto worked_on = attempts_.find(one->second.now.attempt);
        if (worked_on == attempts_.end() || worked_on->second.now.certificate != one->first) drop(one);
    }
    touched_.clear();
    loaded_.clear();
    orders_.clear();
}

}  // namespace fleetline::ledger
