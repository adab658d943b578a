// SPDX-License-Identifier: Apache-2.0
#include "ledger/writer.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "core/encoding.hpp"
#include "ledger/event_codec.hpp"
#include "ledger/projection.hpp"

namespace fleetline::ledger {

namespace {

connection_options to_write(const options& wanted) {
    connection_options how;
    how.create = wanted.create;
    how.durable = wanted.durable;
    how.vfs = wanted.vfs;
    return how;
}

std::string station_name(const std::string& wanted) {
    if (wanted.empty() || !is_utf8(wanted) ||
        wanted.find_first_of(std::string("\n\r\0", 3)) != std::string::npos)
        throw failure("station-configuration", "Opening the ledger", "station '" + printable(wanted) + "'",
                      "the station's id must be one line of text");
    return wanted;
}

sha256_digest digest_from(std::string_view bytes) {
    sha256_digest digest{};
    std::copy_n(bytes.begin(), std::min(bytes.size(), digest.size()), digest.begin());
    return digest;
}

}  // namespace

writer::writer(const options& wanted) : wanted_(wanted), rows_(wanted.file, to_write(wanted)), books_(rows_) {
    const std::string name = station_name(wanted.station);
    try {
        rows_.prepared("INSERT OR IGNORE INTO station (name) VALUES (?1)").bind(1, name).run();
        auto& row = rows_.prepared("SELECT number FROM station WHERE name = ?1");
        const resetting after(row);
        row.bind(1, name).step();
        station_ = row.integer(0);
        check_head();
    } catch (const SQLite::Exception& error) {
        throw ledger_failure_from(error, "Opening the ledger", wanted.file);
    }
    struct stat found {};
    if (::stat(wanted_.file.c_str(), &found) == 0) {
        device_ = found.st_dev;
        inode_ = found.st_ino;
    }
}

void writer::read_head() {
    auto& row = rows_.prepared("SELECT seq, hash FROM head WHERE one = 1");
    const resetting after(row);
    if (!row.step())
        throw ledger_failure("station-ledger-broken", "Reading the ledger", wanted_.file,
                             "its head is missing");
    const auto seq = row.integer(0);
    if (seq != head_seq_) books_.forget();  // somebody else wrote
    head_seq_ = seq;
    head_hash_ = digest_from(row.view(1));
}

/// The last event must be the one the head names, and be what its hash says. `audit verify` checks the rest.
void writer::check_head() {
    read_head();
    const auto broken = [this](std::string why) {
        return ledger_failure("station-ledger-broken", "Opening the ledger", wanted_.file, std::move(why));
    };
    auto& row = rows_.prepared(
        "SELECT seq, previous_hash, station.name, recorded_at, clock_synchronised, kind, attempt, payload, "
        "hash "
        "FROM event LEFT JOIN station ON station.number = event.station ORDER BY seq DESC LIMIT 1");
    const resetting after(row);
    if (!row.step()) {
        if (head_seq_ != 0) throw broken("its last events are missing");
        return;
    }
    if (row.integer(0) != head_seq_) throw broken("its last events are not those that were written");
    const auto hash = hasher_({row.view(1), row.integer(0), row.view(2), row.view(3), row.integer(4) != 0,
                               row.view(5), row.integer(6), row.view(7)});
    if (bytes_of(hash) != row.view(8) || hash != head_hash_)
        throw broken("event " + std::to_string(head_seq_) + " is not what was written");
}

void writer::check_file() const {
    if (!wanted_.vfs.empty()) return;
    struct stat found {};
    const bool there = ::stat(wanted_.file.c_str(), &found) == 0;
    if (there && found.st_dev == device_ && found.st_ino == inode_) return;
    throw ledger_failure("station-ledger-unwritable", "Writing the ledger", wanted_.file,
                         there ? "another file was put in its place" : "the file was deleted or moved away");
}

std::exception_ptr writer::write(std::span<accepted> group) {
    std::exception_ptr trouble;
    std::exception_ptr impossible;
    const auto doing = [&group] { return "Recording " + std::string(kind_of(group[0].what)); };
    try {
        check_file();
        write_together(group);
        return nullptr;
    } catch (const SQLite::Exception& error) {
        if ((error.getErrorCode() & 0xff) == SQLITE_CONSTRAINT)
            impossible = std::make_exception_ptr(
                ledger_failure("station-internal", doing(), wanted_.file, error.what()));
        else
            trouble = std::make_exception_ptr(ledger_failure_from(error, "Writing the ledger", wanted_.file));
    } catch (const impossible_event& error) {
        impossible = std::make_exception_ptr(failure(
            "station-internal", doing(), "attempt " + attempt_of(group[0].what).text(), error.what()));
    } catch (...) {
        trouble = std::current_exception();
    }
    roll_back();
    for (auto& each : group) {
        each.done = {};
        each.error = trouble ? trouble : impossible;
    }
    if (trouble || group.size() == 1) return trouble;
    // One of them cannot be: halves find it, and the others are written.
    for (auto& each : group) each.error = nullptr;
    const auto first = write(group.first(group.size() / 2));
    const auto second = write(group.subspan(group.size() / 2));
    return second ? second : first;
}

void writer::write_together(std::span<accepted> group) {
    rows_.prepared("BEGIN IMMEDIATE").run();
    read_head();
    for (auto& next : group) write_one(next);
    books_.write();
    rows_.prepared("UPDATE head SET seq = ?1, hash = ?2 WHERE one = 1")
        .bind(1, head_seq_)
        .bind_blob(2, bytes_of(head_hash_))
        .run();
    rows_.prepared("COMMIT").run();
    books_.forget_ended();
}

void writer::write_one(accepted& next) {
    place at;
    at.seq = head_seq_ + 1;
    at.station = station_;
    at.recorded_at = to_rfc3339(next.at);
    at.clock_synchronised = next.clock_synchronised;
    if (std::holds_alternative<attempt_started>(next.what))
        at.attempt = at.seq;
    else if (!attempt_of(next.what).empty())
        at.attempt = books_.attempt_number(attempt_of(next.what).text());

    const std::string payload = payload_of(next.what);
    const auto kind = kind_of(next.what);
    const auto hash = hasher_({bytes_of(head_hash_), at.seq, wanted_.station, at.recorded_at,
                               at.clock_synchronised, kind, at.attempt, payload});
    auto& row = rows_.prepared("INSERT INTO event VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
    row.bind(1, at.seq)
        .bind(2, station_)
        .bind(3, at.recorded_at)
        .bind(4, std::int64_t{at.clock_synchronised});
    row.bind(5, kind).bind_number(6, at.attempt).bind(7, payload);
    row.bind_blob(8, bytes_of(head_hash_)).bind_blob(9, bytes_of(hash)).run();

    apply(at, next.what, books_);
    if (const auto* made = std::get_if<issued>(&next.what)) keep_token(at.seq, *made);
    head_seq_ = at.seq;
    head_hash_ = hash;
    next.done = {at.seq, to_hex(bytes_of(hash))};
}

void writer::keep_token(std::int64_t certificate, const issued& what) {
    if (what.ownership_token.empty()) return;
    rows_.prepared("INSERT INTO ownership_token (certificate, token, expires_at) VALUES (?1, ?2, ?3)")
        .bind(1, certificate)
        .bind_blob(2, what.ownership_token.reveal())
        .bind(3, to_rfc3339(what.token_expires))
        .run();
}

bool writer::store_transcript(const attempt_id& attempt, const std::string& text, utc_time at) {
    try {
        rows_
            .prepared(
                "INSERT OR REPLACE INTO transcript (attempt, stored_at, text) SELECT number, ?2, ?3 FROM "
                "attempt "
                "WHERE attempt_id = ?1")
            .bind(1, attempt.text())
            .bind(2, to_rfc3339(at))
            .bind(3, text.empty() ? " " : printable(text, text.size()))
            .run();
        return true;
    } catch (const SQLite::Exception&) {
        return false;
    }
}

void writer::probe() {
    check_file();
    try {
        rows_.prepared("BEGIN IMMEDIATE").run();
        rows_.prepared("UPDATE head SET seq = seq WHERE one = 1").run();
        rows_.prepared("COMMIT").run();
    } catch (const SQLite::Exception& error) {
        roll_back();
        throw ledger_failure_from(error, "Writing the ledger", wanted_.file);
    }
}

void writer::roll_back() noexcept {
    try {
        if (sqlite3_get_autocommit(rows_.database().getHandle()) == 0) rows_.prepared("ROLLBACK").run();
    } catch (const SQLite::Exception&) {
        // SQLite has rolled back by itself
    }
    books_.forget();
    head_seq_ = -1;
}

}  // namespace fleetline::ledger
