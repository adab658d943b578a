// SPDX-License-Identifier: Apache-2.0
#include "core/registry.hpp"

#include "core/schema.hpp"
#include "core/sql.hpp"
#include "core/text.hpp"

namespace fleetline::rehearsal {

registry::registry(const std::filesystem::path& file, clock now)
    : db_(std::make_unique<sql::database>(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE)),
      now_(now ? std::move(now) : clock{wall_clock_ms}) {
    db_->setBusyTimeout(10'000);
    // NORMAL with WAL survives a kill; only a power cut may lose the last moments of a rehearsal.
    db_->exec(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; "
        "PRAGMA wal_autocheckpoint = 8000; PRAGMA cache_size = -32768;");
    in_transaction([this] {
        const int version = db_->execAndGet("PRAGMA user_version").getInt();
        if (version == schema_version) return;
        if (version != 0)
            throw std::runtime_error("the registry was made by another version of the rehearsal cloud");
        db_->exec(schema_sql);
        db_->exec("PRAGMA user_version = " + std::to_string(schema_version));
    });
}

registry::~registry() = default;
registry::registry(registry&&) noexcept = default;

std::int64_t registry::now_ms() const {
    return now_();
}

void registry::in_transaction(const std::function<void()>& work) {
    if (depth_ > 0) {
        work();
        return;
    }
    SQLite::Transaction transaction(*db_, SQLite::TransactionBehavior::IMMEDIATE);
    depth_ = 1;
    try {
        work();
    } catch (...) {
        depth_ = 0;
        throw;
    }
    depth_ = 0;
    transaction.commit();
}

std::int64_t registry::epoch() {
    return std::stoll(meta("epoch").value_or("0"));
}

std::int64_t registry::data_version() {
    auto row = sql::query(*db_, "PRAGMA data_version");
    return row.executeStep() ? sql::number(row, 0) : 0;
}

std::optional<std::string> registry::meta(const std::string& key) {
    auto row = sql::query(*db_, "SELECT value FROM meta WHERE key = ?", key);
    if (!row.executeStep()) return std::nullopt;
    return sql::text(row, 0);
}

void registry::set_meta(const std::string& key, const std::string& value) {
    sql::run(*db_, "INSERT INTO meta VALUES(?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value", key,
             value);
}

std::string registry::account() {
    return meta("account").value_or("123456789012");
}
std::string registry::region() {
    return meta("region").value_or("ap-northeast-1");
}
std::string registry::arn(const std::string& resource) {
    return "arn:aws:iot:" + region() + ":" + account() + ":" + resource;
}

}  // namespace fleetline::rehearsal
