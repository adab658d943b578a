// SPDX-License-Identifier: Apache-2.0
// Private to the registry's files: a statement made and bound in one go.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <cstdint>
#include <optional>
#include <string>
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

template <class... Values>
SQLite::Statement query(SQLite::Database& db, const std::string& text, const Values&... values) {
    SQLite::Statement statement(db, text);
    int at = 0;
    (bind_one(statement, ++at, values), ...);
    return statement;
}

template <class... Values>
void run(SQLite::Database& db, const std::string& text, const Values&... values) {
    query(db, text, values...).exec();
}

inline std::string text(const SQLite::Statement& row, int column) {
    return row.getColumn(column).getString();
}
inline std::int64_t number(const SQLite::Statement& row, int column) {
    return row.getColumn(column).getInt64();
}

inline std::vector<std::string> texts(SQLite::Statement statement) {
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
