// SPDX-License-Identifier: Apache-2.0
#include "core/registry.hpp"
#include "core/sql.hpp"

namespace fleetline::rehearsal {
namespace {

const std::string select =
    "SELECT t.name, t.type, t.description, t.enabled, t.role_arn, t.hook_arn, t.hook_payload_version, "
    "t.default_version, v.body, t.created_ms, t.modified_ms FROM templates t "
    "JOIN template_versions v ON v.template = t.name AND v.version = t.default_version";

template_record read(const SQLite::Statement& row) {
    template_record found;
    found.name = sql::text(row, 0);
    found.type = sql::text(row, 1);
    found.description = sql::text(row, 2);
    found.enabled = sql::number(row, 3) != 0;
    found.role_arn = sql::text(row, 4);
    found.hook_arn = sql::text(row, 5);
    found.hook_payload_version = sql::text(row, 6);
    found.default_version = sql::number(row, 7);
    found.body = sql::text(row, 8);
    found.created_ms = sql::number(row, 9);
    found.modified_ms = sql::number(row, 10);
    return found;
}

}  // namespace

void registry::add_template(const template_record& row) {
    in_transaction([&] {
        const std::int64_t now = now_ms();
        sql::run(*db_, "INSERT INTO templates VALUES(?,?,?,?,?,?,?,1,?,?)", row.name, row.type,
                 row.description, row.enabled, row.role_arn, row.hook_arn, row.hook_payload_version, now,
                 now);
        sql::run(*db_, "INSERT INTO template_versions VALUES(?, 1, ?, ?)", row.name, row.body, now);
    });
}

std::optional<template_record> registry::provisioning_template(const std::string& name) {
    auto row = sql::query(*db_, select + " WHERE t.name = ?", name);
    if (!row.executeStep()) return std::nullopt;
    return read(row);
}

void registry::update_template(const template_record& row) {
    sql::run(*db_,
             "UPDATE templates SET description = ?, enabled = ?, role_arn = ?, hook_arn = ?, "
             "hook_payload_version = ?, "
             "default_version = ?, modified_ms = ? WHERE name = ?",
             row.description, row.enabled, row.role_arn, row.hook_arn, row.hook_payload_version,
             row.default_version, now_ms(), row.name);
}

void registry::delete_template(const std::string& name) {
    sql::run(*db_, "DELETE FROM templates WHERE name = ?", name);
}

std::vector<template_record> registry::templates(const page& wanted) {
    auto row = sql::query(*db_, select + sql::paged(wanted), wanted.after, sql::limit_of(wanted));
    std::vector<template_record> all;
    while (row.executeStep()) all.push_back(read(row));
    return all;
}

std::int64_t registry::add_template_version(const std::string& name, const std::string& body,
                                            bool as_default) {
    std::int64_t version = 0;
    in_transaction([&] {
        auto row = sql::query(
            *db_, "SELECT coalesce(max(version), 0) + 1 FROM template_versions WHERE template = ?", name);
        row.executeStep();
        version = sql::number(row, 0);
        sql::run(*db_, "INSERT INTO template_versions VALUES(?, ?, ?, ?)", name, version, body, now_ms());
        if (as_default) {
            sql::run(*db_, "UPDATE templates SET default_version = ?, modified_ms = ? WHERE name = ?",
                     version, now_ms(), name);
        }
    });
    return version;
}

std::vector<version_record> registry::template_versions(const std::string& name) {
    auto row = sql::query(
        *db_, "SELECT version, body, created_ms FROM template_versions WHERE template = ? ORDER BY 1", name);
    std::vector<version_record> all;
    while (row.executeStep()) all.push_back({sql::number(row, 0), sql::text(row, 1), sql::number(row, 2)});
    return all;
}

void registry::delete_template_version(const std::string& name, std::int64_t version) {
    sql::run(*db_, "DELETE FROM template_versions WHERE template = ? AND version = ?", name, version);
}

}  // namespace fleetline::rehearsal
