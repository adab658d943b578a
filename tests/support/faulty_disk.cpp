// SPDX-License-Identifier: Apache-2.0
#include "support/faulty_disk.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace fleetline::test {

namespace {

using file = faulty_disk::file;
using change = faulty_disk::change;

/// Files grow to megabytes, write by write, and are gone with the next start: the memory of those that are
/// gone is used again.
std::vector<std::string>& spare_memory() {
    static std::vector<std::string> held;
    return held;
}

std::string take_memory() {
    auto& spare = spare_memory();
    if (spare.empty()) return {};
    auto one = std::move(spare.back());
    spare.pop_back();
    one.clear();
    return one;
}

void give_back(std::string&& memory) {
    constexpr std::size_t most = 16;
    if (auto& spare = spare_memory(); spare.size() < most && memory.capacity() > 4096)
        spare.push_back(std::move(memory));
}

void apply(std::string& to, const file& of, const change& what, std::size_t most) {
    const auto at = static_cast<std::size_t>(what.at);
    if (what.truncates) {
        to.resize(at);
        return;
    }
    const auto bytes = std::string_view(of.written).substr(what.begin, std::min(what.size, most));
    if (to.size() < at) to.resize(at, '\0');
    const auto over = std::min(bytes.size(), to.size() - at);
    std::copy_n(bytes.begin(), over, to.begin() + what.at);
    to.append(bytes.substr(over));
}

void apply(std::string& to, const file& of, const change& what) {
    apply(to, of, what, what.size);
}

void forget_pending(file& of) {
    of.pending.clear();
    of.written.clear();
}

/// What SQLite holds for an open file: its own part first.
struct handle {
    sqlite3_file base;
    faulty_disk* disk;
    std::shared_ptr<file> of;
    bool read_only;
    int log_stays = 0;
};

handle& of(sqlite3_file* what) {
    return *reinterpret_cast<handle*>(what);
}

int do_close(sqlite3_file* what) {
    --of(what).of->open;
    of(what).~handle();
    return SQLITE_OK;
}

int do_read(sqlite3_file* what, void* into, int count, sqlite3_int64 at) {
    auto& self = of(what);
    if (self.disk->strikes(fault::failed_read)) return SQLITE_IOERR_READ;
    const auto& from = self.of->seen;
    const auto begin = std::min(static_cast<std::size_t>(at), from.size());
    const auto there = std::min(static_cast<std::size_t>(count), from.size() - begin);
    std::memcpy(into, from.data() + begin, there);
    std::memset(static_cast<char*>(into) + there, 0, static_cast<std::size_t>(count) - there);
    return there == static_cast<std::size_t>(count) ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

int do_write(sqlite3_file* what, const void* from, int count, sqlite3_int64 at) {
    auto& self = of(what);
    const bool is_short = self.disk->strikes(fault::short_write);
    if (self.disk->strikes(fault::power_cut)) return SQLITE_IOERR_WRITE;
    change made;
    made.at = at;
    made.begin = self.of->written.size();
    made.size = static_cast<std::size_t>(is_short ? count / 2 : count);
    self.of->written.append(static_cast<const char*>(from), made.size);
    apply(self.of->seen, *self.of, made);
    self.of->pending.push_back(made);
    return is_short ? SQLITE_FULL : SQLITE_OK;
}

int do_truncate(sqlite3_file* what, sqlite3_int64 size) {
    auto& self = of(what);
    if (self.disk->strikes(fault::power_cut)) return SQLITE_IOERR_TRUNCATE;
    if (static_cast<std::size_t>(size) >= self.of->seen.size()) return SQLITE_OK;
    change made;
    made.at = size;
    made.truncates = true;
    apply(self.of->seen, *self.of, made);
    self.of->pending.push_back(made);
    return SQLITE_OK;
}

int do_sync(sqlite3_file* what, int) {
    auto& self = of(what);
    if (self.disk->strikes(fault::power_cut)) return SQLITE_IOERR_FSYNC;
    if (self.disk->strikes(fault::failed_sync)) {
        for (auto& one : self.of->pending) one.abandoned = true;
        return SQLITE_IOERR_FSYNC;
    }
    for (const auto& one : self.of->pending)
        if (!one.abandoned) apply(self.of->platter, *self.of, one);
    forget_pending(*self.of);
    if (std::exchange(self.of->is_new_log, false)) self.disk->sync_directory();
    return SQLITE_OK;
}

int do_size(sqlite3_file* what, sqlite3_int64* size) {
    *size = static_cast<sqlite3_int64>(of(what).of->seen.size());
    return of(what).disk->off() ? SQLITE_IOERR_FSTAT : SQLITE_OK;
}

// One connection at a time: there is nobody to lock out. The system gives no exclusive lock to who can only
// read; SQLite would write the log into the ledger and remove it when the last reader goes.
int do_lock(sqlite3_file* what, int level) {
    return of(what).read_only && level == SQLITE_LOCK_EXCLUSIVE ? SQLITE_IOERR_LOCK : SQLITE_OK;
}
int do_unlock(sqlite3_file*, int) {
    return SQLITE_OK;
}
int do_check_lock(sqlite3_file*, int* locked) {
    *locked = 0;
    return SQLITE_OK;
}
int do_control(sqlite3_file* what, int which, void* value) {
    if (which != SQLITE_FCNTL_PERSIST_WAL) return SQLITE_NOTFOUND;
    auto& stays = *static_cast<int*>(value);
    if (stays < 0)
        stays = of(what).log_stays;
    else
        of(what).log_stays = stays;
    return SQLITE_OK;
}
int sector_size(sqlite3_file*) {
    return 4096;
}
int characteristics(sqlite3_file*) {
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;  // as the usual VFS says
}

int map_shared(sqlite3_file* what, int region, int size, int extend, void volatile** where) {
    auto& shared = of(what).of->shared;
    *where = nullptr;
    const auto wanted = static_cast<std::size_t>(region) + 1;
    if (shared.size() < wanted && extend == 0) return SQLITE_OK;
    while (shared.size() < wanted) shared.push_back(std::make_unique<char[]>(static_cast<std::size_t>(size)));
    *where = shared[wanted - 1].get();
    return SQLITE_OK;
}
int lock_shared(sqlite3_file*, int, int, int) {
    return SQLITE_OK;
}
void barrier(sqlite3_file*) {}
int unmap_shared(sqlite3_file* what, int) {
    if (of(what).of->open <= 1) of(what).of->shared.clear();
    return SQLITE_OK;
}

const sqlite3_io_methods methods = {2,          do_close,     do_read,         do_write,   do_truncate,
                                    do_sync,    do_size,      do_lock,         do_unlock,  do_check_lock,
                                    do_control, sector_size,  characteristics, map_shared, lock_shared,
                                    barrier,    unmap_shared, nullptr,         nullptr};

faulty_disk& disk_of(sqlite3_vfs* vfs) {
    return *static_cast<faulty_disk*>(vfs->pAppData);
}

int open_file(sqlite3_vfs* vfs, const char* path, sqlite3_file* into, int flags, int* given) {
    auto& disk = disk_of(vfs);
    into->pMethods = nullptr;
    if (disk.off()) return SQLITE_CANTOPEN;
    auto found = path == nullptr ? std::make_shared<file>() : disk.find(path);
    if (!found && (flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
    if (!found) found = disk.make(path);
    ++found->open;
    new (into) handle{{&methods}, &disk, std::move(found), (flags & SQLITE_OPEN_READONLY) != 0};
    if (given != nullptr) *given = flags;
    return SQLITE_OK;
}

int delete_file(sqlite3_vfs* vfs, const char* path, int sync_directory) {
    auto& disk = disk_of(vfs);
    if (disk.strikes(fault::power_cut)) return SQLITE_IOERR_DELETE;
    if (!disk.find(path)) return SQLITE_IOERR_DELETE_NOENT;
    disk.remove(path, sync_directory != 0);
    return SQLITE_OK;
}

int access_file(sqlite3_vfs* vfs, const char* path, int, int* there) {
    *there = disk_of(vfs).find(path) ? 1 : 0;
    return SQLITE_OK;
}

int full_name(sqlite3_vfs*, const char* path, int most, char* into) {
    if (std::strlen(path) >= static_cast<std::size_t>(most)) return SQLITE_CANTOPEN;
    std::strcpy(into, path);
    return SQLITE_OK;
}

sqlite3_vfs* usual() {
    return sqlite3_vfs_find(nullptr);
}
int randomness(sqlite3_vfs*, int count, char* into) {
    return usual()->xRandomness(usual(), count, into);
}
int do_sleep(sqlite3_vfs*, int) {
    return 0;
}
int now_days(sqlite3_vfs*, double* now) {
    return usual()->xCurrentTime(usual(), now);
}
int last_error(sqlite3_vfs*, int, char*) {
    return 0;
}

}  // namespace

faulty_disk::file::file() : seen(take_memory()), platter(take_memory()), written(take_memory()) {}

faulty_disk::file::~file() {
    for (auto* memory : {&seen, &platter, &written}) give_back(std::move(*memory));
}

struct faulty_disk::vfs {
    sqlite3_vfs base{};
};

faulty_disk::faulty_disk() : vfs_(std::make_unique<vfs>()) {
    static int number = 0;
    name_ = "faulty-disk-" + std::to_string(++number);
    auto& v = vfs_->base;
    v.iVersion = 1;
    v.szOsFile = sizeof(handle);
    v.mxPathname = 512;
    v.zName = name_.c_str();
    v.pAppData = this;
    v.xOpen = open_file;
    v.xDelete = delete_file;
    v.xAccess = access_file;
    v.xFullPathname = full_name;
    v.xRandomness = randomness;
    v.xSleep = do_sleep;
    v.xCurrentTime = now_days;
    v.xGetLastError = last_error;
    sqlite3_vfs_register(&v, 0);
}

faulty_disk::~faulty_disk() {
    sqlite3_vfs_unregister(&vfs_->base);
}

void faulty_disk::set(fault what, std::int64_t call, int times) {
    next_ = what;
    at_ = call;
    times_ = times;
    calls_ = 0;
    struck_ = false;
}

bool faulty_disk::strikes(fault kind) {
    if (off_) return true;
    if (kind != next_) return false;
    const auto call = calls_++;
    if (call < at_ || call >= at_ + times_) return false;
    struck_ = true;
    if (kind == fault::power_cut) off_ = true;
    return true;
}

std::shared_ptr<faulty_disk::file> faulty_disk::find(const std::string& path) const {
    const auto found = files_.find(path);
    return found == files_.end() ? nullptr : found->second;
}

std::shared_ptr<faulty_disk::file> faulty_disk::make(const std::string& path) {
    auto made = std::make_shared<file>();
    // As the usual VFS does: the first sync of a journal or log writes the directory too, that of a ledger
    // does not.
    made->is_new_log = path.ends_with("-wal") || path.ends_with("-journal");
    return files_[path] = std::move(made);
}

void faulty_disk::sync_directory() {
    removed_.clear();
    for (auto& [path, each] : files_) each->lasting = true;
}

void faulty_disk::remove(const std::string& path, bool lasting) {
    const auto found = files_.find(path);
    if (!lasting && found->second->lasting) removed_[path] = found->second;
    if (lasting) removed_.erase(path);
    files_.erase(found);
}

void faulty_disk::power_on(std::uint32_t seed) {
    std::mt19937 chance(seed);
    const auto one_in = [&chance](unsigned n) { return chance() % n == 0; };
    // A name that was removed is back if its directory was not written, unless a new file has taken it.
    for (auto& [path, old] : std::exchange(removed_, {}))
        if (one_in(2) && (!files_.contains(path) || !files_[path]->lasting)) files_[path] = old;
    std::erase_if(files_, [&](const auto& entry) { return !entry.second->lasting && one_in(2); });
    const bool everything = one_in(4);
    const bool nothing = !everything && one_in(3);
    for (auto& [path, each] : files_) {
        for (const auto& one : each->pending) {
            if (nothing || (!everything && one_in(2))) continue;
            const bool torn = !everything && one_in(3);
            apply(each->platter, *each, one, torn ? chance() % (one.size + 1) : one.size);
        }
        forget_pending(*each);
        each->shared.clear();
        each->seen = each->platter;
        each->lasting = true;
    }
    off_ = false;
    set(fault::none, 0);
}

void faulty_disk::take_files_of(const faulty_disk& other) {
    for (const auto& [path, each] : other.files_) {
        auto copy = std::make_shared<file>();
        copy->seen = each->seen;
        copy->platter = each->platter;
        copy->pending = each->pending;
        copy->written = each->written;
        copy->lasting = each->lasting;
        copy->is_new_log = each->is_new_log;
        files_[path] = std::move(copy);
    }
}

void faulty_disk::program_starts_again() {
    for (auto& [path, each] : files_) each->shared.clear();
    off_ = false;
    set(fault::none, 0);
}

}  // namespace fleetline::test
