// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "core/registry.hpp"
#include "core/sql.hpp"
#include "core/text.hpp"

namespace fleetline::rehearsal {
namespace {

const std::string select_thing =
    "SELECT name, id, coalesce(type, ''), coalesce(billing_group, ''), attributes, version, created_ms FROM "
    "things";

thing_record read_thing(const SQLite::Statement& row) {
    thing_record found;
    found.name = sql::text(row, 0);
    found.id = sql::text(row, 1);
    found.type = sql::text(row, 2);
    found.billing_group = sql::text(row, 3);
    found.attributes = nlohmann::json::parse(sql::text(row, 4)).get<string_map>();
    found.version = sql::number(row, 5);
    found.created_ms = sql::number(row, 6);
    return found;
}

const std::string select_type =
    "SELECT name, id, description, searchable_attributes, deprecated, created_ms FROM thing_types";

thing_type_record read_type(const SQLite::Statement& row) {
    return {sql::text(row, 0), sql::text(row, 1),        sql::text(row, 2),
            sql::text(row, 3), sql::number(row, 4) != 0, sql::number(row, 5)};
}

const std::string select_group =
    "SELECT name, id, coalesce(parent, ''), description, attributes, version, created_ms FROM thing_groups";

thing_group_record read_group(const SQLite::Statement& row) {
    return {sql::text(row, 0), sql::text(row, 1),   sql::text(row, 2),  sql::text(row, 3),
            sql::text(row, 4), sql::number(row, 5), sql::number(row, 6)};
}

std::string id_or_new(const std::string& id) {
    return id.empty() ? random_uuid() : id;
}

}  // namespace

std::optional<thing_record> registry::thing(const std::string& name) {
    auto row = sql::query(*db_, select_thing + " WHERE name = ?", name);
    if (!row.executeStep()) return std::nullopt;
    return read_thing(row);
}

void registry::put_thing(const thing_record& row) {
    sql::run(*db_,
             "INSERT INTO things VALUES(?,?,?,?,?,?,?) ON CONFLICT(name) DO UPDATE SET type = excluded.type, "
             "billing_group = excluded.billing_group, attributes = excluded.attributes, version = "
             "excluded.version",
             row.name, id_or_new(row.id), sql::nullable(row.type), sql::nullable(row.billing_group),
             nlohmann::json(row.attributes).dump(), row.version, now_ms());
}

void registry::delete_thing(const std::string& name) {
    sql::run(*db_, "DELETE FROM things WHERE name = ?", name);
}

std::vector<thing_record> registry::things(const page& wanted) {
    auto row = sql::query(*db_, select_thing + sql::paged(wanted), wanted.after, sql::limit_of(wanted));
    std::vector<thing_record> all;
    while (row.executeStep()) all.push_back(read_thing(row));
    return all;
}

void registry::attach_principal(const std::string& thing, const std::string& certificate_id) {
    sql::run(*db_, "INSERT OR IGNORE INTO thing_principals VALUES(?, ?, ?)", thing, certificate_id, now_ms());
}

void registry::detach_principal(const std::string& thing, const std::string& certificate_id) {
    sql::run(*db_, "DELETE FROM thing_principals WHERE thing = ? AND certificate_id = ?", thing,
             certificate_id);
}

std::vector<std::string> registry::principals_of(const std::string& thing) {
    return sql::texts(sql::query(
        *db_,
        "SELECT certificate_id FROM thing_principals WHERE thing = ? ORDER BY attached_ms, certificate_id",
        thing));
}

std::vector<std::string> registry::things_of(const std::string& certificate_id) {
    return sql::texts(sql::query(
        *db_, "SELECT thing FROM thing_principals WHERE certificate_id = ? ORDER BY thing", certificate_id));
}

void registry::put_thing_type(const thing_type_record& row) {
    sql::run(*db_,
             "INSERT INTO thing_types VALUES(?,?,?,?,?,?) ON CONFLICT(name) DO UPDATE SET "
             "description = excluded.description, searchable_attributes = excluded.searchable_attributes, "
             "deprecated = excluded.deprecated",
             row.name, id_or_new(row.id), row.description, row.searchable_attributes, row.deprecated,
             now_ms());
}

std::optional<thing_type_record> registry::thing_type(const std::string& name) {
    auto row = sql::query(*db_, select_type + " WHERE name = ?", name);
    if (!row.executeStep()) return std::nullopt;
    return read_type(row);
}

void registry::delete_thing_type(const std::string& name) {
    sql::run(*db_, "DELETE FROM thing_types WHERE name = ?", name);
}

std::vector<thing_type_record> registry::thing_types(const page& wanted) {
    auto row = sql::query(*db_, select_type + sql::paged(wanted), wanted.after, sql::limit_of(wanted));
    std::vector<thing_type_record> all;
    while (row.executeStep()) all.push_back(read_type(row));
    return all;
}

void registry::put_thing_group(const thing_group_record& row) {
    sql::run(
        *db_,
        "INSERT INTO thing_groups VALUES(?,?,?,?,?,?,?) ON CONFLICT(name) DO UPDATE SET "
        "description = excluded.description, attributes = excluded.attributes, version = excluded.version",
        row.name, id_or_new(row.id), sql::nullable(row.parent), row.description, row.attributes, row.version,
        now_ms());
}

std::optional<thing_group_record> registry::thing_group(const std::string& name) {
    auto row = sql::query(*db_, select_group + " WHERE name = ?", name);
    if (!row.executeStep()) return std::nullopt;
    return read_group(row);
}

void registry::delete_thing_group(const std::string& name) {
    in_transaction([&] {
        sql::run(*db_, "DELETE FROM policy_attachments WHERE target = 'thinggroup/' || ?", name);
        sql::run(*db_, "DELETE FROM thing_groups WHERE name = ?", name);
    });
}

std::vector<thing_group_record> registry::thing_groups(const page& wanted) {
    auto row = sql::query(*db_, select_group + sql::paged(wanted), wanted.after, sql::limit_of(wanted));
    std::vector<thing_group_record> all;
    while (row.executeStep()) all.push_back(read_group(row));
    return all;
}

void registry::add_to_group(const std::string& thing, const std::string& group) {
    sql::run(*db_, "INSERT OR IGNORE INTO thing_group_members VALUES(?, ?)", group, thing);
}

void registry::remove_from_group(const std::string& thing, const std::string& group) {
    sql::run(*db_, "DELETE FROM thing_group_members WHERE group_name = ? AND thing = ?", group, thing);
}

std::vector<std::string> registry::groups_of(const std::string& thing) {
    return sql::texts(sql::query(
        *db_, "SELECT group_name FROM thing_group_members WHERE thing = ? ORDER BY group_name", thing));
}

std::vector<std::string> registry::things_in_group(const std::string& group, const page& wanted) {
    return sql::texts(
        sql::query(*db_,
                   "SELECT thing FROM thing_group_members WHERE group_name = ?1 AND (?2 = '' OR thing > ?2) "
                   "ORDER BY thing LIMIT ?3",
                   group, wanted.after, sql::limit_of(wanted)));
}

void registry::put_billing_group(const billing_group_record& row) {
    sql::run(*db_,
             "INSERT INTO billing_groups VALUES(?,?,?,?,?) ON CONFLICT(name) DO UPDATE SET "
             "description = excluded.description, version = excluded.version",
             row.name, id_or_new(row.id), row.description, row.version, now_ms());
}

std::optional<billing_group_record> registry::billing_group(const std::string& name) {
    auto row = sql::query(
        *db_, "SELECT name, id, description, version, created_ms FROM billing_groups WHERE name = ?", name);
    if (!row.executeStep()) return std::nullopt;
    return billing_group_record{sql::text(row, 0), sql::text(row, 1), sql::text(row, 2), sql::number(row, 3),
                                sql::number(row, 4)};
}

}  // namespace fleetline::rehearsal
