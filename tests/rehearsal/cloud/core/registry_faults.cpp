// SPDX-License-Identifier: Apache-2.0
#include "core/registry.hpp"
#include "core/sql.hpp"

namespace fleetline::rehearsal {

std::int64_t registry::add_fault(const std::string& spec, std::int64_t skip,
                                 std::optional<std::int64_t> count) {
    sql::run(*db_, "INSERT INTO faults(spec, skip, remaining, created_ms) VALUES(?, ?, ?, ?)", spec, skip,
             count, now_ms());
    return db_->getLastInsertRowid();
}

std::vector<fault_record> registry::faults() {
    auto row = sql::query(*db_, "SELECT id, spec, skip, remaining, hits FROM faults ORDER BY id");
    std::vector<fault_record> all;
    while (row.executeStep()) {
        fault_record found{sql::number(row, 0), sql::text(row, 1), sql::number(row, 2), std::nullopt,
                           sql::number(row, 4)};
        if (!row.getColumn(3).isNull()) found.remaining = sql::number(row, 3);
        all.push_back(std::move(found));
    }
    return all;
}

void registry::delete_fault(std::int64_t id) {
    sql::run(*db_, "DELETE FROM faults WHERE id = ?", id);
}
void registry::delete_faults() {
    sql::run(*db_, "DELETE FROM faults");
}

bool registry::strike(std::int64_t id) {
    bool hit = false;
    in_transaction([&] {
        auto skipping = sql::query(*db_, "UPDATE faults SET skip = skip - 1 WHERE id = ? AND skip > 0", id);
        if (skipping.exec() > 0) return;
        auto hitting = sql::query(*db_,
                                  "UPDATE faults SET hits = hits + 1, remaining = remaining - 1 "
                                  "WHERE id = ? AND (remaining IS NULL OR remaining > 0)",
                                  id);
        hit = hitting.exec() > 0;
    });
    return hit;
}

std::vector<std::pair<std::string, std::int64_t>> registry::limits() {
    auto row = sql::query(*db_, "SELECT name, value FROM limits");
    std::vector<std::pair<std::string, std::int64_t>> all;
    while (row.executeStep()) all.emplace_back(sql::text(row, 0), sql::number(row, 1));
    return all;
}

void registry::set_limit(const std::string& name, std::int64_t value) {
    sql::run(*db_, "INSERT INTO limits VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET value = excluded.value",
             name, value);
}

}  // namespace fleetline::rehearsal
