// SPDX-License-Identifier: Apache-2.0
#include "ledger/connection.hpp"

#include <SQLiteCpp/Backup.h>
#include <SQLiteCpp/Transaction.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>
#include <vector>

#include "ledger/migrations.hpp"

namespace fleetline::ledger {

namespace {

/// Nobody asks SQLite how much memory it has, and counting takes a lock at every piece. It must be said
/// before SQLite is used for the first time (https://sqlite.org/c3ref/c_config_covering_index_scan.html).
const int memory_is_not_counted = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);

}  // namespace

failure ledger_failure(std::string_view code, std::string doing, const std::filesystem::path& file,
                       std::string reason) {
    return failure(code, std::move(doing), file.string(), std::move(reason));
}

failure ledger_failure_from(const SQLite::Exception& error, std::string doing,
                            const std::filesystem::path& file) {
    const int code = error.getErrorCode() & 0xff;
    const bool broken = code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
    return ledger_failure(broken ? "station-ledger-broken" : "station-ledger-unwritable", std::move(doing),
                          file, error.what());
}

void copy_all(SQLite::Database& from, SQLite::Database& to) {
    // SQLiteCpp answers what it does not throw: a lock that somebody else holds.
    if (const int result = SQLite::Backup(to, from).executeStep(-1); result != SQLITE_DONE)
        throw SQLite::Exception("the copy is not whole", result);
}

void sync_directory_of(const std::filesystem::path& file) {
    const auto directory = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
    const int opened = ::open(directory.c_str(), O_RDONLY | O_CLOEXEC);
    const int result = opened < 0 ? -1 : ::fsync(opened);
    const int why = errno;
    if (opened >= 0) ::close(opened);
    if (result != 0)
        throw std::filesystem::filesystem_error("fsync", directory,
                                                std::error_code(why, std::generic_category()));
}

statement::statement(SQLite::Database& database, std::string_view sql) : database_(database.getHandle()) {
    sqlite3_stmt* made = nullptr;
    check(sqlite3_prepare_v3(database_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                             &made, nullptr));
    held_.reset(made);
}

statement& statement::check(int result) {
    if (result != SQLITE_OK) throw SQLite::Exception(database_, result);
    return *this;
}

bool statement::step() {
    const int result = sqlite3_step(held_.get());
    if (result == SQLITE_ROW) return true;
    if (result == SQLITE_DONE) return false;
    const SQLite::Exception error(database_, result);
    reset();
    throw error;
}

void statement::run() {
    while (step()) {
    }
    reset();
}

/// SQLite would make the file readable by everybody; it holds ownership tokens for a while.
void make_file(const std::filesystem::path& file) {
    const int made = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (made >= 0) ::close(made);
}

namespace {

/// Has somebody told, for as long as it lives, that SQLite gets on.
class progress_told {
  public:
    progress_told(sqlite3* database, std::function<void()> whom)
        : database_(database), whom_(std::move(whom)) {
        if (!whom_) return;
        whom_();
        sqlite3_progress_handler(database_, 10'000, tell, &whom_);
    }
    progress_told(const progress_told&) = delete;
    progress_told& operator=(const progress_told&) = delete;
    ~progress_told() { sqlite3_progress_handler(database_, 0, nullptr, nullptr); }

  private:
    static int tell(void* whom) {
        (*static_cast<std::function<void()>*>(whom))();
        return 0;
    }

    sqlite3* database_;
    std::function<void()> whom_;
};

bool can_write_beside(const std::filesystem::path& file) {
    const auto directory = file.parent_path();
    return ::access(directory.empty() ? "." : directory.c_str(), W_OK) == 0;
}

/// For SQLite: nobody changes it, no lock and no log is looked for.
std::string name_of_unchanging(const std::filesystem::path& file) {
    std::string name = "file:";
    for (const char c : std::filesystem::absolute(file).string()) {
        if (c == '%' || c == '?' || c == '#')
            name += c == '%' ? "%25" : c == '?' ? "%3f" : "%23";
        else
            name += c;
    }
    return name + "?immutable=1";
}

int number_in(SQLite::Database& database, const char* pragma) {
    return database.execAndGet(std::string("PRAGMA ") + pragma).getInt();
}

}  // namespace

connection::connection(std::filesystem::path file, const connection_options& wanted)
    : file_(std::move(file)), wanted_(wanted) {
    open();
}

void connection::open() {
    const std::string doing = "Opening the ledger";
    std::error_code ignored;
    if (wanted_.vfs.empty()) {
        if (!wanted_.create && !std::filesystem::exists(file_, ignored))
            throw ledger_failure("station-ledger-missing", doing, file_, "there is no such file");
        if (wanted_.create) make_file(file_);
    }
    try {
        if (wanted_.read_only) return begin_reading();
        begin(file_.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
        database_->exec("PRAGMA journal_mode = WAL; PRAGMA secure_delete = ON; PRAGMA foreign_keys = ON");
        keep_log_at_end();
        database_->exec(wanted_.durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = OFF");
        if (wanted_.durable) write_log_again();
        migrate();
        // SQLite throws a log away whose file is empty. Had the sync of a new file's first page failed, the
        // file would read well here and be empty after a power cut: so it is written again, from the log.
        if (wanted_.durable) database_->exec("PRAGMA wal_checkpoint(PASSIVE)");
    } catch (const SQLite::Exception& error) {
        close();
        throw ledger_failure_from(error, doing, file_);
    } catch (const std::filesystem::filesystem_error& error) {
        close();
        throw ledger_failure("station-ledger-unwritable", doing, file_, error.code().message());
    } catch (...) {
        close();
        throw;
    }
}

void connection::begin(const std::string& name, int flags) {
    database_ = std::make_unique<SQLite::Database>(name, flags | SQLite::OPEN_NOMUTEX, 5000, wanted_.vfs);
    database_->exec("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA cache_size = -8000");
    check_identity();
}

/// Who reads must find -wal and -shm, or be able to make them: SQLite has no other way to tell where the file
/// ends and the log begins. Where nobody could make them (a disk mounted read-only, a copy in a directory
/// that is not ours), no log means that the file is all there is, and it is read without either. What is not
/// covered: somebody with more rights who begins to write in that very moment. He changes pages under our
/// eyes, and we may find damage where there is none; the file itself takes no harm.
void connection::begin_reading() {
    try {
        begin(file_.string(), SQLite::OPEN_READONLY);
        return;
    } catch (const SQLite::Exception& error) {
        const int code = error.getErrorCode() & 0xff;
        const bool denied = code == SQLITE_CANTOPEN || code == SQLITE_READONLY;
        if (!denied || !wanted_.vfs.empty() || can_write_beside(file_)) throw;
    }
    std::error_code none;
    if (const auto log = std::filesystem::file_size(file_.string() + "-wal", none); !none && log > 0)
        throw ledger_failure("station-ledger-unwritable", "Opening the ledger", file_,
                             "its end is in its -wal, which takes a directory that can be written: copy both "
                             "files to one");
    begin(name_of_unchanging(file_), SQLite::OPEN_READONLY | SQLite::OPEN_URI);
}

/// -wal and -shm stay at a clean end, the log empty: without the right to make them, as the group has it, a
/// ledger could be read only while somebody else has it open.
void connection::keep_log_at_end() {
    int stays = 1;
    sqlite3_file_control(database_->getHandle(), "main", SQLITE_FCNTL_PERSIST_WAL, &stays);
    // With a limit, whatever it is, the log that stays is empty. This one is what a long report may have
    // grown it to.
    database_->exec("PRAGMA journal_size_limit = 16777216");
    // Up to that size it is not written back, in pages: a page that is changed again and again, as an index's
    // last one is, goes into the ledger once for all of them, and two syncs less often.
    database_->exec("PRAGMA wal_autocheckpoint = 4000");
}

/// Had a sync failed in an earlier life, the log would read well here and not be on the disk, and no later
/// sync would bring it there: the system takes its pages for written. A power cut while it is written back
/// into the ledger would then mix old and new.
void connection::write_log_again() {
    SQLite::Transaction alone(*database_, SQLite::TransactionBehavior::IMMEDIATE);
    sqlite3_file* log = nullptr;
    check_log(sqlite3_file_control(database_->getHandle(), "main", SQLITE_FCNTL_JOURNAL_POINTER,
                                   static_cast<void*>(&log)));
    if (log == nullptr || log->pMethods == nullptr) return;
    sqlite3_int64 size = 0;
    check_log(log->pMethods->xFileSize(log, &size));
    if (size == 0) return;
    std::vector<char> block(std::size_t{64} * 1024);
    for (sqlite3_int64 at = 0; at < size; at += static_cast<sqlite3_int64>(block.size())) {
        const auto length = static_cast<int>(std::min<sqlite3_int64>(size - at, std::ssize(block)));
        check_log(log->pMethods->xRead(log, block.data(), length, at));
        check_log(log->pMethods->xWrite(log, block.data(), length, at));
    }
    check_log(log->pMethods->xSync(log, SQLITE_SYNC_FULL));
}

void connection::check_log(int result) {
    if (result != SQLITE_OK) throw SQLite::Exception("the write-ahead log", result);
}

void connection::close() {
    statements_.clear();
    database_.reset();
}

void connection::check_identity() {
    const bool read_only = wanted_.read_only;
    const int id = number_in(*database_, "application_id");
    const bool empty = database_->execAndGet("SELECT count(*) FROM sqlite_schema").getInt() == 0;
    if (id != application_id && (read_only || !empty))
        throw ledger_failure("station-ledger-broken", "Opening the ledger", file_,
                             "this is not a fleetline ledger");
    const auto known = static_cast<int>(migrations().size());
    const int version = number_in(*database_, "user_version");
    if (version > known)
        throw ledger_failure("station-ledger-newer", "Opening the ledger", file_,
                             "it is of version " + std::to_string(version) +
                                 ", and this program knows version " + std::to_string(known) + " at most");
    if (read_only && version < known)
        throw ledger_failure("station-ledger-broken", "Opening the ledger", file_,
                             "it is of the older version " + std::to_string(version) +
                                 "; start fleetlined once to bring it up to date");
}

void connection::migrate() {
    const auto all = migrations();
    const int version = number_in(*database_, "user_version");
    if (version == static_cast<int>(all.size())) return;
    const progress_told progress(database_->getHandle(), wanted_.at_work);
    if (version > 0 && wanted_.copy_before_migration) backup_before_migration(version);
    SQLite::Transaction transaction(*database_, SQLite::TransactionBehavior::IMMEDIATE);
    // Another process may have been faster.
    for (auto next = static_cast<std::size_t>(number_in(*database_, "user_version")); next < all.size();
         ++next)
        database_->exec(std::string(all[next].sql));
    database_->exec("PRAGMA application_id = " + std::to_string(application_id));
    database_->exec("PRAGMA user_version = " + std::to_string(all.size()));
    transaction.commit();
}

void connection::backup_before_migration(int from) {
    const std::string name = file_.string() + ".version-" + std::to_string(from);
    const std::string unfinished = name + ".new";
    std::filesystem::remove(unfinished);
    make_file(unfinished);
    {
        SQLite::Database copy(unfinished, SQLite::OPEN_READWRITE);
        SQLite::Backup copying(copy, *database_);
        constexpr int pages_at_once = 4096;
        for (int result = SQLITE_OK; result != SQLITE_DONE;) {
            result = copying.executeStep(pages_at_once);
            if (result == SQLITE_BUSY || result == SQLITE_LOCKED)
                throw SQLite::Exception(database_->getHandle(), result);
            if (wanted_.at_work) wanted_.at_work();
        }
    }
    std::filesystem::rename(unfinished, name);
}

statement& connection::prepared(const char* sql) {
    const auto known = statements_.find(sql);
    if (known != statements_.end()) return known->second;
    return statements_.emplace(sql, statement(*database_, sql)).first->second;
}

}  // namespace fleetline::ledger
