// SPDX-License-Identifier: Apache-2.0
#include "ledger/care.hpp"

#include <SQLiteCpp/Backup.h>
#include <fcntl.h>
#include <unistd.h>

#include <utility>

#include "ledger/connection.hpp"

namespace fleetline::ledger {

namespace fs = std::filesystem;

namespace {

void remove_all_of(const fs::path& file) {
    std::error_code ignored;
    for (const char* ending : {"", "-wal", "-shm", "-journal"}) fs::remove(file.string() + ending, ignored);
}

void sync(const fs::path& what) {
    const int opened = ::open(what.c_str(), O_RDONLY | O_CLOEXEC);
    if (opened < 0) return;
    ::fsync(opened);
    ::close(opened);
}

/// Copies page by page; what a running station writes meanwhile is either in the copy whole or not at all.
void copy_pages(const fs::path& from, const fs::path& to) {
    connection_options how;
    how.read_only = true;
    connection source(from, how);
    SQLite::Database target(to.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    fs::permissions(to, fs::perms{0640});
    SQLite::Backup(target, source.database()).executeStep(-1);
    target.exec(
        "PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; "
        "DELETE FROM ownership_token");
}

verification verified(const fs::path& file) {
    auto found = reader(file).verify();
    if (!found.problems.empty())
        throw ledger_failure("station-ledger-broken", "Verifying the copy", file, found.problems.front());
    return found;
}

/// The copy under a name of its own, verified, then moved to its place.
verification put(const fs::path& from, const fs::path& to, const char* doing) {
    const fs::path copy = to.string() + ".new";
    try {
        remove_all_of(copy);
        copy_pages(from, copy);
        auto found = verified(copy);
        sync(copy);
        for (const char* ending : {"-wal", "-shm"}) fs::remove(copy.string() + ending);
        fs::rename(copy, to);
        sync(to.parent_path().empty() ? fs::path(".") : to.parent_path());
        return found;
    } catch (const SQLite::Exception& error) {
        remove_all_of(copy);
        throw ledger_failure_from(error, doing, to);
    } catch (const fs::filesystem_error& error) {
        remove_all_of(copy);
        throw ledger_failure("station-ledger-unwritable", doing, to, error.code().message());
    } catch (...) {
        remove_all_of(copy);
        throw;
    }
}

/// Only a file that nobody has open can leave WAL mode.
void must_not_be_in_use(const fs::path& ledger) {
    const auto busy = [&ledger] {
        return ledger_failure("station-ledger-busy", "Restoring the ledger", ledger,
                              "it is in use: stop fleetlined first");
    };
    try {
        SQLite::Database database(ledger.string(), SQLite::OPEN_READWRITE, 0);
        if (database.execAndGet("PRAGMA journal_mode = DELETE").getString() != "delete") throw busy();
    } catch (const SQLite::Exception& error) {
        if ((error.getErrorCode() & 0xff) == SQLITE_BUSY) throw busy();
        // what is damaged is what a restore is for
    }
}

}  // namespace

verification backup(const fs::path& ledger, const fs::path& target) {
    if (fs::exists(target))
        throw ledger_failure("station-ledger-unwritable", "Backing up the ledger", target,
                             "there is a file of that name");
    return put(ledger, target, "Backing up the ledger");
}

verification restore(const fs::path& backup, const fs::path& ledger) {
    verified(backup);
    if (fs::exists(ledger)) {
        must_not_be_in_use(ledger);
        const fs::path aside = ledger.string() + ".before-restore";
        remove_all_of(aside);
        std::error_code ignored;
        for (const char* ending : {"", "-wal", "-shm"})
            fs::rename(ledger.string() + ending, aside.string() + ending, ignored);
    }
    return put(backup, ledger, "Restoring the ledger");
}

}  // namespace fleetline::ledger
