// SPDX-License-Identifier: Apache-2.0
#include "ledger/care.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <iterator>
#include <utility>

#include "ledger/connection.hpp"
#include "ledger/migrations.hpp"
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

SQLite::Database opened_to_copy(const fs::path& from) {
    const auto refused = [&from](const char* code, std::string why) {
        return ledger_failure(code, "Copying a ledger", from, std::move(why));
    };
    if (!fs::exists(from)) throw refused("station-ledger-missing", "there is no such file");
    if (fs::is_directory(from)) throw refused("station-ledger-broken", "it is a directory");
    try {
        SQLite::Database source(from.string(), SQLite::OPEN_READONLY, 5000);
        if (source.execAndGet("PRAGMA application_id").getInt() == application_id) return source;
    } catch (const SQLite::Exception& error) {
        throw ledger_failure_from(error, "Copying a ledger", from);
    }
    throw refused("station-ledger-broken", "this is not a fleetline ledger");
}

/// Copies page by page; what a running station writes meanwhile is either in the copy whole or not at all.
void copy_pages(const fs::path& from, const fs::path& to) {
    auto source = opened_to_copy(from);
    SQLite::Database target(to.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    fs::permissions(to, fs::perms{0640});
    copy_all(source, target);
    target.exec(
        "PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; "
        "DELETE FROM ownership_token");
}

/// Alone, without a log beside it.
void set_journal(const fs::path& file, const char* mode) {
    SQLite::Database(file.string(), SQLite::OPEN_READWRITE, 5000)
        .exec(std::string("PRAGMA journal_mode = ") + mode);
    for (const char* ending : {"-wal", "-shm"}) fs::remove(file.string() + ending);
}

/// What was wrong with the indexes of a copy: they say nothing that the tables do not.
enum class indexes { are_told, are_made_anew };

/// A copy of an older version is brought up to date first: what is verified is what will be used.
verification verified(const fs::path& copy, indexes wrong_ones) {
    {
        connection_options how;
        how.copy_before_migration = false;
        const connection to_date(copy, how);
    }
    auto found = reader(copy).verify();
    if (!found.problems.empty() && wrong_ones == indexes::are_made_anew) {
        SQLite::Database(copy.string(), SQLite::OPEN_READWRITE, 5000).tryExec("REINDEX");
        found = reader(copy).verify();
    }
    if (!found.problems.empty())
        throw ledger_failure("station-ledger-broken", "Verifying the copy", copy, found.problems.front());
    set_journal(copy, "DELETE");
    return found;
}

/// The copy under a name of its own, verified; `before_it_counts`, then it is moved to its place.
verification put(const fs::path& from, const fs::path& to, const char* doing, indexes wrong_ones,
                 const std::function<void(const fs::path&, const verification&)>& before_it_counts) {
    const fs::path copy = to.string() + ".new";
    try {
        remove_all_of(copy);
        copy_pages(from, copy);
        auto found = verified(copy, wrong_ones);
        sync(copy);
        before_it_counts(copy, found);
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
    if (fs::is_directory(target)) throw refused("it is a directory");
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
    return put(ledger, target, "Backing up the ledger", indexes::are_told, [](const auto&, const auto&) {});
}

namespace {

/// The hash of an event, or nothing: it has no such one.
std::string hash_of(SQLite::Database& of, std::int64_t seq) {
    statement event(of, "SELECT hash FROM event WHERE seq = ?1");
    return event.bind(1, seq).step() ? event.text(0) : std::string();
}

/// What the ledger had that is about to be replaced, and how much of it the other one does not have.
void compare(const fs::path& replaced, const fs::path& with, restoration& found) {
    if (!fs::exists(replaced)) return;
    try {
        SQLite::Database old(replaced.string(), SQLite::OPEN_READONLY);
        SQLite::Database now(with.string(), SQLite::OPEN_READONLY);
        const auto events = old.execAndGet("SELECT ifnull(max(seq), 0) FROM event").getInt64();
        // A chain: as far as they are the same, all before is. Where they part is found by halving.
        std::int64_t same = 0;
        for (auto other = std::min(events, found.restored.events) + 1; same + 1 < other;) {
            const auto middle = same + (other - same) / 2;
            const auto hash = hash_of(old, middle);
            (!hash.empty() && hash == hash_of(now, middle) ? same : other) = middle;
        }
        found.replaced_events = events;
        found.lost_events = events - same;
    } catch (const SQLite::Exception&) {
        // what is damaged is what a restore is for
    }
}

/// A name that nothing has yet: an earlier one may be all that is left of the newest events.
fs::path name_to_keep(const fs::path& ledger) {
    const auto is_taken = [](const fs::path& name) {
        for (const char* ending : {"", "-wal", "-shm", "-journal"})
            if (fs::exists(fs::symlink_status(name.string() + ending))) return true;
        return false;
    };
    const std::string first = ledger.string() + ".before-restore";
    fs::path name = first;
    for (int next = 2; is_taken(name); ++next) name = first + '-' + std::to_string(next);
    return name;
}

/// Under another name too: where it was, it stays until the restored one takes its place in one step, so that
/// there is a ledger whenever the power goes. Its name, or nothing: there was none.
fs::path keep_aside(const fs::path& ledger) {
    const fs::path log = ledger.string() + "-wal";
    if (!fs::exists(ledger) && (!fs::exists(log) || fs::is_empty(log))) {
        remove_all_of(ledger);  // what is left beside it
        return {};
    }
    auto aside = name_to_keep(ledger);
    std::error_code no_links;
    if (fs::exists(ledger)) fs::create_hard_link(ledger, aside, no_links);
    if (no_links) {
        try {
            fs::copy_file(ledger, aside);
        } catch (...) {
            remove_all_of(aside);
            throw;
        }
        sync(aside);
    }
    // Only a damaged or lost one has them still. To the restored one they would be its own.
    for (const char* ending : {"-wal", "-shm"})
        if (fs::exists(ledger.string() + ending))
            fs::rename(ledger.string() + ending, aside.string() + ending);
    sync_directory_of(ledger);
    return fs::exists(aside) ? aside : fs::path(aside.string() + "-wal");
}

}  // namespace

namespace {

/// A ledger as the station keeps it, its log beside it: who may only read would take one without a log for a
/// file that nobody writes. Whether it was replaced or not.
class as_the_station_keeps_it {
  public:
    explicit as_the_station_keeps_it(fs::path ledger) : ledger_(std::move(ledger)) {}
    as_the_station_keeps_it(const as_the_station_keeps_it&) = delete;
    as_the_station_keeps_it& operator=(const as_the_station_keeps_it&) = delete;
    ~as_the_station_keeps_it() {
        try {
            if (fs::exists(ledger_) && is_of_this_version()) const connection opened(ledger_, {});
        } catch (...) {  // a damaged one that was not replaced
        }
    }

  private:
    /// An older one that was not replaced is not brought up to date either.
    bool is_of_this_version() const {
        SQLite::Database file(ledger_.string(), SQLite::OPEN_READONLY);
        return file.execAndGet("PRAGMA user_version").getInt64() == std::ssize(migrations());
    }

    fs::path ledger_;
};

}  // namespace

restoration restore(const fs::path& backup, const fs::path& ledger) {
    restoration done;
    if (fs::exists(ledger)) must_not_be_in_use(ledger);
    const as_the_station_keeps_it afterwards(ledger);
    put(backup, ledger, "Restoring the ledger", indexes::are_made_anew,
        [&](const fs::path& copy, const verification& found) {
            done.restored = found;
            if (fs::exists(ledger)) must_not_be_in_use(ledger);
            compare(ledger, copy, done);
            // As the station will have it: who reads it before that must not keep a writer from switching.
            set_journal(copy, "WAL");
            give_to_owner_of_directory(copy);
            done.kept = keep_aside(ledger);
        });
    return done;
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
