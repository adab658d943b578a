// SPDX-License-Identifier: Apache-2.0
#include "core/registry.hpp"
#include "core/sql.hpp"

namespace fleetline::rehearsal {
namespace {

const std::string select =
    "SELECT p.name, p.default_version, v.document, p.created_ms, p.modified_ms FROM policies p "
    "JOIN policy_versions v ON v.policy = p.name AND v.version = p.default_version";

policy_record read(const SQLite::Statement& row) {
    return {sql::text(row, 0), sql::number(row, 1), sql::text(row, 2), sql::number(row, 3),
            sql::number(row, 4)};
}

std::vector<policy_record> all_of(sql::rows row) {
    std::vector<policy_record> all;
    while (row.executeStep()) all.push_back(read(row));
    return all;
}

}  // namespace

void registry::add_policy(const std::string& name, const std::string& document) {
    in_transaction([&] {
        const std::int64_t now = now_ms();
        sql::run(*db_, "INSERT INTO policies VALUES(?, 1, ?, ?)", name, now, now);
        sql::run(*db_, "INSERT INTO policy_versions VALUES(?, 1, ?, ?)", name, document, now);
    });
}

std::optional<policy_record> registry::policy(const std::string& name) {
    auto row = sql::query(*db_, select + " WHERE p.name = ?", name);
    if (!row.executeStep()) return std::nullopt;
    return read(row);
}

void registry::delete_policy(const std::string& name) {
    sql::run(*db_, "DELETE FROM policies WHERE name = ?", name);
}

std::vector<policy_record> registry::policies(const page& wanted) {
    return all_of(sql::query(*db_, select + sql::paged(wanted), wanted.after, sql::limit_of(wanted)));
}

std::int64_t registry::add_policy_version(const std::string& name, const std::string& document,
                                          bool as_default) {
    std::int64_t version = 0;
    in_transaction([&] {
        const std::int64_t now = now_ms();
        auto row = sql::query(
            *db_, "SELECT coalesce(max(version), 0) + 1 FROM policy_versions WHERE policy = ?", name);
        row.executeStep();
        version = sql::number(row, 0);
        sql::run(*db_, "INSERT INTO policy_versions VALUES(?, ?, ?, ?)", name, version, document, now);
        if (as_default) {
            sql::run(*db_, "UPDATE policies SET default_version = ?, modified_ms = ? WHERE name = ?", version,
                     now, name);
        }
    });
    return version;
}

std::vector<version_record> registry::policy_versions(const std::string& name) {
    auto row = sql::query(
        *db_, "SELECT version, document, created_ms FROM policy_versions WHERE policy = ? ORDER BY 1", name);
    std::vector<version_record> all;
    while (row.executeStep()) all.push_back({sql::number(row, 0), sql::text(row, 1), sql::number(row, 2)});
    return all;
}

void registry::delete_policy_version(const std::string& name, std::int64_t version) {
    sql::run(*db_, "DELETE FROM policy_versions WHERE policy = ? AND version = ?", name, version);
}

void registry::set_default_policy_version(const std::string& name, std::int64_t version) {
    sql::run(*db_, "UPDATE policies SET default_version = ?, modified_ms = ? WHERE name = ?", version,
             now_ms(), name);
}

void registry::attach_policy(const std::string& name, const std::string& target) {
    sql::run(*db_, "INSERT OR IGNORE INTO policy_attachments VALUES(?, ?)", name, target);
}

void registry::detach_policy(const std::string& name, const std::string& target) {
    sql::run(*db_, "DELETE FROM policy_attachments WHERE policy = ? AND target = ?", name, target);
}

std::vector<policy_record> registry::policies_of(const std::string& target) {
    return all_of(sql::query(
        *db_, select + " JOIN policy_attachments a ON a.policy = p.name WHERE a.target = ? ORDER BY p.name",
        target));
}

std::vector<std::string> registry::targets_of(const std::string& policy) {
    return sql::texts(
        sql::query(*db_, "SELECT target FROM policy_attachments WHERE policy = ? ORDER BY target", policy));
}

}  // namespace fleetline::rehearsal
