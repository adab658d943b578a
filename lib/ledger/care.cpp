// SPDX-License-Identifier: Apache-2.0
#include "ledger/care.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <utility>

#include "ledger/connection.hpp"
#include "ledger/outside_copy.hpp"
#include "ledger/writer.hpp"

namespace fleetline::ledger {

namespace fs = std::filesystem;

namespace {

void remove_all_of(const fs::path& file) {
    std::error_code ignored;
    for (const char* ending : {"", "-wal", "-shm", "-journal"}) fs::remove(file.string() + ending, ignored);
}

/// Whoever restores may be root; the service must be able to open what it gets.
void give_to_owner_of_directory(const fs::path& file) {
    struct stat directory {};
    const auto parent = file.parent_path();
    if (::geteuid() != 0 || ::stat(parent.empty() ? "." : parent.c_str(), &directory) != 0) return;
    if (::chown(file.c_str(), directory.st_uid, directory.st_gid) != 0)
        throw fs::filesystem_error("chown", file, std::error_code(errno, std::generic_category()));
}

void sync(const fs::path& what) {
    const int opened = ::open(what.c_str(), O_RDONLY | O_CLOEXEC);
    if (opened < 0) return;
    ::fsync(opened);
    ::close(opened);
}

/// Copies page by page; what a running station writes meanwhile is either in the copy whole or not at all.
void copy_pages(const fs::path& from, const fs::path& to) {
    if (!fs::exists(from))
        throw ledger_failure("station-ledger-missing", "Copying a ledger", from, "there is no such file");
    SQLite::Database source(from.string(), SQLite::OPEN_READONLY, 5000);
    if (source.execAndGet("PRAGMA application_id").getInt() != application_id)
        throw ledger_failure("station-ledger-broken", "Copying a ledger", from,
                             "this is not a fleetline ledger");
    SQLite::Database target(to.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    fs::permissions(to, fs::perms{0640});
    copy_all(source, target);
    target.exec(
        "PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; "
        "DELETE FROM ownership_token");
}

/// A copy of an older version is brought up to date first: what is verified is what will be used.
verification verified(const fs::path& copy) {
    {
        connection_options how;
        how.copy_before_migration = false;
        const connection to_date(copy, how);
    }
    auto found = reader(copy).verify();
    if (!found.problems.empty())
        throw ledger_failure("station-ledger-broken", "Verifying the copy", copy, found.problems.front());
    SQLite::Database(copy.string(), SQLite::OPEN_READWRITE, 5000).exec("PRAGMA journal_mode = DELETE");
    for (const char* ending : {"-wal", "-shm"}) fs::remove(copy.string() + ending);
    return found;
}

/// The copy under a name of its own, verified; `before_it_counts`, then it is moved to its place.
verification put(const fs::path& from, const fs::path& to, const char* doing,
                 const std::function<void()>& before_it_counts) {
    const fs::path copy = to.string() + ".new";
    try {
        remove_all_of(copy);
        copy_pages(from, copy);
        auto found = verified(copy);
        sync(copy);
        before_it_counts();
        fs::rename(copy, to);
        sync_directory_of(to);
        return found;
    } catch (const SQLite::Exception& error) {
        remove_all_of(copy);
        const bool broken =
            (error.getErrorCode() & 0xff) == SQLITE_CORRUPT || (error.getErrorCode() & 0xff) == SQLITE_NOTADB;
        throw ledger_failure_from(error, doing, broken ? from : to);
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

namespace {

/// A copy may take the place of an older one, and of nothing else.
void may_be_replaced(const fs::path& target, const fs::path& ledger) {
    if (!fs::exists(target)) return;
    const auto refused = [&target](std::string why) {
        return ledger_failure("station-ledger-unwritable", "Backing up the ledger", target, std::move(why));
    };
    if (fs::equivalent(target, ledger)) throw refused("it is the ledger itself");
    try {
        if (SQLite::Database(target.string(), SQLite::OPEN_READONLY)
                .execAndGet("PRAGMA application_id")
                .getInt() == application_id)
            return;
    } catch (const SQLite::Exception&) {
        // something else
    }
    throw refused("there is another file of that name");
}

}  // namespace

verification backup(const fs::path& ledger, const fs::path& target) {
    may_be_replaced(target, ledger);
    return put(ledger, target, "Backing up the ledger", [] {});
}

namespace {

/// Under another name too: where it was, it stays until the restored one takes its place in one step, so that
/// there is a ledger whenever the power goes.
void keep_aside(const fs::path& ledger) {
    const fs::path log = ledger.string() + "-wal";
    if (!fs::exists(ledger) && (!fs::exists(log) || fs::is_empty(log)))
        return remove_all_of(ledger);  // what is left beside it
    const fs::path aside = ledger.string() + ".before-restore";
    remove_all_of(aside);
    std::error_code no_links;
    if (fs::exists(ledger)) fs::create_hard_link(ledger, aside, no_links);
    if (no_links) {
        fs::copy_file(ledger, aside);
        sync(aside);
    }
    // Only a damaged or lost one has them still. To the restored one they would be its own.
    for (const char* ending : {"-wal", "-shm"})
        if (fs::exists(ledger.string() + ending))
            fs::rename(ledger.string() + ending, aside.string() + ending);
    sync_directory_of(ledger);
}

}  // namespace

verification restore(const fs::path& backup, const fs::path& ledger) {
    if (fs::exists(ledger)) must_not_be_in_use(ledger);
    return put(backup, ledger, "Restoring the ledger", [&ledger] {
        give_to_owner_of_directory(ledger.string() + ".new");
        if (fs::exists(ledger)) must_not_be_in_use(ledger);
        keep_aside(ledger);
    });
}

receipt record(const options& station, event what, time_source& time) {
    writer to(station);
    accepted one;
    one.what = std::move(what);
    one.at = time.utc_now();
    one.clock_synchronised = time.synchronised();
    to.write({&one, 1});
    if (one.error) std::rethrow_exception(one.error);
    return one.done;
}

checkpoint sign_head(const options& station, utc_time now, const logger& log) {
    writer from(station);
    auto made = from.sign_head(now);
    if (!station.checkpoint_file.empty())
        outside_copy(station.checkpoint_file, station.file, from.checkpoints(1000),
                     log);  // tries once, before it ends
    return made;
}

}  // namespace fleetline::ledger
