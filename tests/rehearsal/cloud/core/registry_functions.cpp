// SPDX-License-Identifier: Apache-2.0
#include "core/registry.hpp"
#include "core/sql.hpp"
#include "core/text.hpp"

namespace fleetline::rehearsal {
namespace {

const std::string select_function =
    "SELECT name, runtime, handler, role_arn, description, timeout_s, memory_mib, environment, zip, "
    "code_sha256, "
    "revision, created_ms, modified_ms FROM functions";

function_record read_function(const SQLite::Statement& row) {
    function_record found;
    found.name = sql::text(row, 0);
    found.runtime = sql::text(row, 1);
    found.handler = sql::text(row, 2);
    found.role_arn = sql::text(row, 3);
    found.description = sql::text(row, 4);
    found.timeout_s = sql::number(row, 5);
    found.memory_mib = sql::number(row, 6);
    found.environment = sql::text(row, 7);
    found.zip = sql::text(row, 8);
    found.code_sha256 = sql::text(row, 9);
    found.revision = sql::text(row, 10);
    found.created_ms = sql::number(row, 11);
    found.modified_ms = sql::number(row, 12);
    return found;
}

}  // namespace

void registry::put_function(const function_record& row) {
    const std::int64_t now = now_ms();
    auto statement = sql::query(
        *db_,
        "INSERT INTO functions VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?12) ON CONFLICT(name) DO "
        "UPDATE SET "
        "runtime = excluded.runtime, handler = excluded.handler, role_arn = excluded.role_arn, "
        "description = excluded.description, timeout_s = excluded.timeout_s, memory_mib = "
        "excluded.memory_mib, "
        "environment = excluded.environment, zip = excluded.zip, code_sha256 = excluded.code_sha256, "
        "revision = excluded.revision, modified_ms = excluded.modified_ms",
        row.name, row.runtime, row.handler, row.role_arn, row.description, row.timeout_s, row.memory_mib,
        row.environment, std::string{}, base64_encode(sha256(row.zip)), random_uuid(), now);
    statement.statement().bind(9, row.zip.data(), static_cast<int>(row.zip.size()));
    statement.exec();
}

std::optional<function_record> registry::function(const std::string& name) {
    auto row = sql::query(*db_, select_function + " WHERE name = ?", name);
    if (!row.executeStep()) return std::nullopt;
    return read_function(row);
}

void registry::delete_function(const std::string& name) {
    sql::run(*db_, "DELETE FROM functions WHERE name = ?", name);
}

std::vector<function_record> registry::functions(const page& wanted) {
    auto row = sql::query(*db_, select_function + sql::paged(wanted), wanted.after, sql::limit_of(wanted));
    std::vector<function_record> all;
    while (row.executeStep()) all.push_back(read_function(row));
    return all;
}

void registry::put_permission(const std::string& function, const permission_record& row) {
    sql::run(*db_, "INSERT OR REPLACE INTO function_permissions VALUES(?,?,?,?,?,?)", function,
             row.statement_id, row.action, row.principal, row.source_arn, row.source_account);
}

void registry::delete_permission(const std::string& function, const std::string& statement_id) {
    sql::run(*db_, "DELETE FROM function_permissions WHERE function = ? AND statement_id = ?", function,
             statement_id);
}

std::vector<permission_record> registry::permissions(const std::string& function) {
    auto row = sql::query(
        *db_,
        "SELECT statement_id, action, principal, source_arn, source_account FROM function_permissions "
        "WHERE function = ? ORDER BY statement_id",
        function);
    std::vector<permission_record> all;
    while (row.executeStep()) {
        all.push_back(
            {sql::text(row, 0), sql::text(row, 1), sql::text(row, 2), sql::text(row, 3), sql::text(row, 4)});
    }
    return all;
}

void registry::put_role(const role_record& row) {
    sql::run(*db_,
             "INSERT INTO roles VALUES(?,?,?,?,?,?) ON CONFLICT(name) DO UPDATE SET trust = excluded.trust, "
             "description = excluded.description",
             row.name, row.id, row.path, row.trust, row.description, now_ms());
}

std::optional<role_record> registry::role(const std::string& name) {
    auto row = sql::query(
        *db_, "SELECT name, id, path, trust, description, created_ms FROM roles WHERE name = ?", name);
    if (!row.executeStep()) return std::nullopt;
    return role_record{sql::text(row, 0), sql::text(row, 1), sql::text(row, 2),
                       sql::text(row, 3), sql::text(row, 4), sql::number(row, 5)};
}

void registry::delete_role(const std::string& name) {
    sql::run(*db_, "DELETE FROM roles WHERE name = ?", name);
}

void registry::put_role_policy(const std::string& role, const std::string& policy_arn,
                               const std::string& document) {
    sql::run(*db_, "INSERT OR REPLACE INTO role_policies VALUES(?, ?, ?)", role, policy_arn, document);
}

void registry::delete_role_policy(const std::string& role, const std::string& policy_arn) {
    sql::run(*db_, "DELETE FROM role_policies WHERE role = ? AND policy_arn = ?", role, policy_arn);
}

std::vector<std::string> registry::role_policies(const std::string& role) {
    return sql::texts(
        sql::query(*db_, "SELECT policy_arn FROM role_policies WHERE role = ? ORDER BY 1", role));
}

std::optional<std::string> registry::role_policy_document(const std::string& role,
                                                          const std::string& policy) {
    auto row = sql::query(*db_, "SELECT inline_document FROM role_policies WHERE role = ? AND policy_arn = ?",
                          role, policy);
    if (!row.executeStep()) return std::nullopt;
    return sql::text(row, 0);
}

void registry::put_tag(const std::string& arn, const std::string& key, const std::string& value) {
    sql::run(*db_, "INSERT OR REPLACE INTO tags VALUES(?, ?, ?)", arn, key, value);
}

std::vector<std::pair<std::string, std::string>> registry::tags(const std::string& arn) {
    auto row = sql::query(*db_, "SELECT key, value FROM tags WHERE arn = ? ORDER BY key", arn);
    std::vector<std::pair<std::string, std::string>> all;
    while (row.executeStep()) all.emplace_back(sql::text(row, 0), sql::text(row, 1));
    return all;
}

void registry::delete_tag(const std::string& arn, const std::string& key) {
    sql::run(*db_, "DELETE FROM tags WHERE arn = ? AND key = ?", arn, key);
}

void registry::delete_tags(const std::string& arn) {
    sql::run(*db_, "DELETE FROM tags WHERE arn = ?", arn);
}

}  // namespace fleetline::rehearsal
