// SPDX-License-Identifier: Apache-2.0
// Private to the registry's files: a statement bound in one go. Statements are kept, because a registration
// takes dozens of them and preparing one costs more than running it.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/records.hpp"

namespace fleetline::rehearsal::sql {

inline void bind_one(SQLite::Statement& statement, int at, const std::string& value) {
    statement.bind(at, value);
}
inline void bind_one(SQLite::Statement& statement, int at, std::int64_t value) {
    statement.bind(at, value);
}
inline void bind_one(SQLite::Statement& statement, int at, bool value) {
    statement.bind(at, value ? 1 : 0);
}
inline void bind_one(SQLite::Statement& statement, int at, const std::optional<std::int64_t>& value) {
    if (value) {
        statement.bind(at, *value);
    } else {
        statement.bind(at);
    }
}

// SQLite's NULL for "no type", "no parent".
inline const char* nullable(const std::string& name) {
    return name.empty() ? nullptr : name.c_str();
}
inline void bind_one(SQLite::Statement& statement, int at, const char* value) {
    if (value != nullptr) {
        statement.bind(at, value);
    } else {
        statement.bind(at);
    }
}

class database : public SQLite::Database {
  public:
    using SQLite::Database::Database;
    using kept = std::unordered_map<std::string, std::unique_ptr<SQLite::Statement>>;

    // Out of the store, or new; the caller gives it back.
    std::unique_ptr<SQLite::Statement> take(const std::string& text) {
        const auto at = kept_.find(text);
        if (at == kept_.end()) return std::make_unique<SQLite::Statement>(*this, text);
        auto found = std::move(at->second);
        kept_.erase(at);
        return found;
    }
    void give_back(std::unique_ptr<SQLite::Statement> used) {
        used->tryReset();
        used->clearBindings();
        kept_[used->getQuery()] = std::move(used);
    }

  private:
    kept kept_;  // gone before the connection is
};

// A statement while it is in use.
class rows {
  public:
    rows(database& home, std::unique_ptr<SQLite::Statement> statement)
        : home_(&home), statement_(std::move(statement)) {}
    ~rows() {
        if (statement_ != nullptr) home_->give_back(std::move(statement_));
    }
    rows(rows&&) noexcept = default;
    rows(const rows&) = delete;
    rows& operator=(const rows&) = delete;
    rows& operator=(rows&&) = delete;

    bool executeStep() { return statement_->executeStep(); }
    int exec() { return statement_->exec(); }
    void reset() { statement_->reset(); }
    SQLite::Column getColumn(int at) const { return statement_->getColumn(at); }
    SQLite::Statement& statement() { return *statement_; }
    operator const SQLite::Statement&() const { return *statement_; }  // NOLINT(google-explicit-constructor)

  private:
    database* home_;
    std::unique_ptr<SQLite::Statement> statement_;
};

template <class... Values>
rows query(database& db, const std::string& text, const Values&... values) {
    rows made(db, db.take(text));
    int at = 0;
    (bind_one(made.statement(), ++at, values), ...);
    return made;
}

template <class... Values>
void run(database& db, const std::string& text, const Values&... values) {
    query(db, text, values...).exec();
}

inline std::string text(const SQLite::Statement& row, int column) {
    return row.getColumn(column).getString();
}
inline std::int64_t number(const SQLite::Statement& row, int column) {
    return row.getColumn(column).getInt64();
}

inline std::vector<std::string> texts(rows statement) {
    std::vector<std::string> all;
    while (statement.executeStep()) all.push_back(text(statement, 0));
    return all;
}

// "WHERE name > ? ORDER BY name LIMIT ?" in the direction of the page; bind (after, after, limit).
inline std::string paged(const page& wanted) {
    return wanted.ascending ? " WHERE (?1 = '' OR name > ?1) ORDER BY name LIMIT ?2"
                            : " WHERE (?1 = '' OR name < ?1) ORDER BY name DESC LIMIT ?2";
}
inline std::int64_t limit_of(const page& wanted) {
    return static_cast<std::int64_t>(wanted.limit);
}

}  // namespace fleetline::rehearsal::sql
