// SPDX-License-Identifier: Apache-2.0
#include "core/registry.hpp"
#include "core/sql.hpp"
#include "core/text.hpp"

namespace fleetline::rehearsal {
namespace {

const std::string select =
    "SELECT id, pem, status, origin, claim_template, owner_client, owner_certificate, created_ms, "
    "modified_ms, "
    "expires_ms FROM certificates";

certificate_record read(const SQLite::Statement& row) {
    certificate_record found;
    found.id = sql::text(row, 0);
    found.pem = sql::text(row, 1);
    found.status = sql::text(row, 2);
    found.origin = sql::text(row, 3);
    found.claim_template = sql::text(row, 4);
    found.owner_client = sql::text(row, 5);
    found.owner_certificate = sql::text(row, 6);
    found.created_ms = sql::number(row, 7);
    found.modified_ms = sql::number(row, 8);
    if (!row.getColumn(9).isNull()) found.expires_ms = sql::number(row, 9);
    return found;
}

// What AWS takes away when its time is over: what nobody registered, and five-minute claims.
const std::string expired =
    " expires_ms IS NOT NULL AND expires_ms <= ?1 AND (status = 'PENDING_ACTIVATION' OR origin = "
    "'provisioning-claim')";

}  // namespace

void registry::add_certificate(const certificate_record& row) {
    const std::int64_t now = now_ms();
    sql::run(*db_, "INSERT INTO certificates VALUES(?,?,?,?,?,?,?,?,?,?)", row.id, row.pem, row.status,
             row.origin, row.claim_template, row.owner_client, row.owner_certificate, now, now,
             row.expires_ms);
}

std::optional<certificate_record> registry::certificate(const std::string& id) {
    auto row = sql::query(*db_, select + " WHERE id = ?2 AND NOT (" + expired + ")", now_ms(), id);
    if (!row.executeStep()) return std::nullopt;
    return read(row);
}

void registry::set_certificate_status(const std::string& id, const std::string& status) {
    sql::run(*db_, "UPDATE certificates SET status = ?, modified_ms = ? WHERE id = ?", status, now_ms(), id);
}

void registry::keep_certificate(const std::string& id) {
    sql::run(*db_, "UPDATE certificates SET expires_ms = NULL WHERE id = ?", id);
}

void registry::delete_certificate(const std::string& id) {
    in_transaction([&] {
        sql::run(*db_, "DELETE FROM policy_attachments WHERE target = 'cert/' || ?", id);
        sql::run(*db_, "DELETE FROM thing_principals WHERE certificate_id = ?", id);
        sql::run(*db_, "DELETE FROM certificates WHERE id = ?", id);
    });
}

std::vector<certificate_record> registry::certificates(const page& wanted) {
    const std::string before = wanted.ascending ? ">" : "<";
    const std::string order =
        wanted.ascending ? " ORDER BY created_ms, id" : " ORDER BY created_ms DESC, id DESC";
    auto row =
        sql::query(*db_,
                   select + " WHERE NOT (" + expired +
                       ") AND origin <> 'provisioning-claim' AND (?2 = '' OR (created_ms, id) " + before +
                       " (SELECT created_ms, id FROM certificates WHERE id = ?2))" + order + " LIMIT ?3",
                   now_ms(), wanted.after, sql::limit_of(wanted));
    std::vector<certificate_record> all;
    while (row.executeStep()) all.push_back(read(row));
    return all;
}

void registry::purge_expired() {
    const std::int64_t now = now_ms();
    const std::string gone = "SELECT id FROM certificates WHERE" + expired;
    auto any = sql::query(*db_, gone + " LIMIT 1", now);
    if (!any.executeStep()) return;
    any.reset();
    in_transaction([&] {
        for (const std::string& id : sql::texts(sql::query(*db_, gone, now))) delete_certificate(id);
        sql::run(*db_, "DELETE FROM ownership_tokens WHERE expires_ms <= ?", now);
    });
}

void registry::add_token(const std::string& token, const std::string& certificate_id,
                         std::int64_t expires_ms) {
    sql::run(*db_, "INSERT INTO ownership_tokens VALUES(?, ?, ?, ?)", sha256_hex(token), certificate_id,
             now_ms(), expires_ms);
}

std::optional<std::string> registry::certificate_of_token(const std::string& token) {
    auto row = sql::query(
        *db_, "SELECT certificate_id FROM ownership_tokens WHERE token_sha256 = ? AND expires_ms > ?",
        sha256_hex(token), now_ms());
    if (!row.executeStep()) return std::nullopt;
    return sql::text(row, 0);
}

}  // namespace fleetline::rehearsal
