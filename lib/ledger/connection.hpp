// SPDX-License-Identifier: Apache-2.0
// One SQLite connection to a ledger file: opening, migrating, and small wrappers that keep NULL and the empty
// text apart from the code. Heavy (SQLiteCpp). For .cpp files only, of this room; one thread at a time.
#pragma once

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Exception.h>
#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/failure.hpp"

namespace fleetline::ledger {

constexpr std::int32_t application_id = 0x464c4544;  // "FLED"

/// A failure(station-ledger-…) for what SQLite says about this file.
failure ledger_failure(std::string_view code, std::string doing, const std::filesystem::path& file,
                       std::string reason);

/// station-ledger-broken for damage, station-ledger-unwritable for the rest.
failure ledger_failure_from(const SQLite::Exception& error, std::string doing,
                            const std::filesystem::path& file);

/// Of a new ledger, empty; one that is there is left as it is.
void make_file(const std::filesystem::path& file);

/// All pages of `from`, as of one moment; throws SQLite::Exception when that is not what `to` has afterwards.
void copy_all(SQLite::Database& from, SQLite::Database& to);

/// Renamed files have their names for good.
void sync_directory_of(const std::filesystem::path& file);

/// A prepared statement, bound by position and read by column, without copies (SQLiteCpp's own copies every
/// text). Binding an empty text binds NULL.
class statement {
  public:
    statement(SQLite::Database& database, std::string_view sql);

    statement& bind(int at, std::int64_t value) { return check(sqlite3_bind_int64(held_.get(), at, value)); }
    /// The text must live until the statement is reset.
    statement& bind(int at, std::string_view text) {
        if (text.empty()) return check(sqlite3_bind_null(held_.get(), at));
        return check(
            sqlite3_bind_text64(held_.get(), at, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8));
    }
    statement& bind_blob(int at, std::string_view bytes) {
        return check(sqlite3_bind_blob64(held_.get(), at, bytes.data(), bytes.size(), SQLITE_STATIC));
    }
    /// For references: 0 is none.
    statement& bind_number(int at, std::int64_t value) {
        return value == 0 ? check(sqlite3_bind_null(held_.get(), at)) : bind(at, value);
    }

    /// False at the end; throws SQLite::Exception.
    bool step();
    /// Runs it to its end and makes it ready again.
    void run();
    void reset() noexcept { sqlite3_reset(held_.get()); }

    int type(int column) { return sqlite3_column_type(held_.get(), column); }
    bool is_null(int column) { return type(column) == SQLITE_NULL; }
    std::int64_t integer(int column) { return sqlite3_column_int64(held_.get(), column); }
    /// Valid until the next step; empty for NULL.
    std::string_view view(int column) {
        const auto bytes = static_cast<const char*>(sqlite3_column_blob(held_.get(), column));
        if (bytes == nullptr) return {};
        return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(held_.get(), column))};
    }
    std::string text(int column) { return std::string(view(column)); }

  private:
    struct finalizer {
        void operator()(sqlite3_stmt* what) const { sqlite3_finalize(what); }
    };
    statement& check(int result);

    sqlite3* database_;
    std::unique_ptr<sqlite3_stmt, finalizer> held_;
};

/// Resets a statement at the end of a scope, so that it holds no read transaction open.
class resetting {
  public:
    explicit resetting(statement& what) : what_(what) {}
    resetting(const resetting&) = delete;
    resetting& operator=(const resetting&) = delete;
    ~resetting() { what_.reset(); }

  private:
    statement& what_;
};

struct connection_options {
    bool read_only = false;
    bool create = false;
    bool durable = true;  ///< false: no fsync at all, for simulations
    bool copy_before_migration = true;
    std::function<void()> at_work;  ///< called now and then while it is migrated
    std::string vfs;
};

/// Opened and checked: it is a ledger, of this version or (when writing) brought to it.
class connection {
  public:
    connection(std::filesystem::path file, const connection_options& wanted);

    SQLite::Database& database() { return *database_; }
    bool is_open() const { return database_ != nullptr; }
    void open();
    void close();
    const std::filesystem::path& file() const { return file_; }

    /// Prepared once, kept for as long as the connection.
    statement& prepared(const char* sql);

  private:
    void begin(const std::string& name, int flags);
    void begin_reading();
    void check_identity();
    void keep_log_at_end();
    void write_log_again();
    static void check_log(int result);
    void migrate();
    void backup_before_migration(int from);

    std::filesystem::path file_;
    connection_options wanted_;
    std::unique_ptr<SQLite::Database> database_;
    std::map<const char*, statement> statements_;
};

}  // namespace fleetline::ledger
