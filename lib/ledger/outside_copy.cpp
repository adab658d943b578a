// SPDX-License-Identifier: Apache-2.0
#include "ledger/outside_copy.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <set>
#include <string>
#include <system_error>
#include <tuple>
#include <utility>

namespace fleetline::ledger {

namespace {

constexpr std::size_t most_waiting = 1000;
constexpr std::chrono::minutes try_again{1};

/// What to append so that the file has all of `lines`. A share may be written by several stations, and by
/// this one from before a backup was restored: what counts is whether a head is there, not which is the
/// highest.
std::string missing_in(const std::filesystem::path& file, const std::vector<checkpoint>& lines) {
    using head = std::tuple<std::string, std::int64_t, std::string>;
    const auto head_of = [](const checkpoint& one) { return head(one.station, one.seq, one.hash); };
    checkpoint_file found;
    try {
        found = checkpoints_in(file);
    } catch (const std::exception&) {
        // not there yet, or not for us to read: then all of them, once
    }
    std::set<head> there;
    for (const auto& one : found.all) there.insert(head_of(one));
    std::string text;
    for (const auto& one : lines)
        if (!there.contains(head_of(one))) text += to_line(one);
    // After a line that the power or a full share cut off. It is not ours to take away: the share may forbid
    // it, and another station may be writing it.
    if (!text.empty() && found.ends_open) text.insert(0, 1, '\n');
    return text;
}

}  // namespace

outside_copy::outside_copy(std::filesystem::path file, const std::filesystem::path& ledger,
                           std::vector<checkpoint> known, const logger& log)
    : file_(std::move(file)),
      owners_directory_(ledger.has_parent_path() ? ledger.parent_path() : "."),
      log_(log),
      waiting_(known.begin(), known.end()),
      thread_([this] { work(); }) {}

outside_copy::~outside_copy() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

void outside_copy::add(checkpoint next) {
    {
        const std::lock_guard lock(mutex_);
        waiting_.push_back(std::move(next));
        if (waiting_.size() > most_waiting) waiting_.pop_front();
    }
    changed_.notify_one();
}

void outside_copy::work() {
    std::unique_lock lock(mutex_);
    while (true) {
        const std::vector<checkpoint> lines(waiting_.begin(), waiting_.end());
        const bool last_try = stopping_;
        lock.unlock();
        const bool done = lines.empty() || append(lines);
        lock.lock();
        if (done)
            std::erase_if(waiting_, [&lines](const auto& one) {
                return !lines.empty() && one.seq <= lines.back().seq;
            });
        if (last_try) return;
        const auto news = [this, &lines, done] {
            return stopping_ || (done ? !waiting_.empty() : waiting_.size() > lines.size());
        };
        if (done)
            changed_.wait(lock, news);
        else
            changed_.wait_for(lock, try_again, news);
    }
}

/// Its descriptor, or -1 with errno.
int outside_copy::open_file() const {
    constexpr int flags = O_WRONLY | O_APPEND | O_CLOEXEC;
    const int found = ::open(file_.c_str(), flags);
    if (found >= 0 || errno != ENOENT) return found;
    const int made = ::open(file_.c_str(), flags | O_CREAT | O_EXCL, 0644);
    if (made < 0) return errno == EEXIST ? ::open(file_.c_str(), flags) : -1;
    struct stat owner {};
    if (::geteuid() != 0 || ::stat(owners_directory_.c_str(), &owner) != 0 ||
        ::fchown(made, owner.st_uid, owner.st_gid) == 0)
        return made;
    // Root is nobody on a share. The service makes it then.
    const int why = errno;
    ::unlink(file_.c_str());
    ::close(made);
    errno = why;
    return -1;
}

bool outside_copy::append(const std::vector<checkpoint>& lines) const {
    const std::string text = missing_in(file_, lines);
    if (text.empty()) return true;
    const int to = open_file();
    const auto count = to < 0 ? -1 : ::write(to, text.data(), text.size());
    const bool is_short = count >= 0 && count < static_cast<ssize_t>(text.size());
    const bool written = count >= 0 && !is_short && ::fsync(to) == 0;
    if (!written)
        log_.warning("Checkpoints cannot be appended to " + file_.string() + ": " +
                     std::strerror(is_short ? ENOSPC : errno));
    if (to >= 0) ::close(to);
    return written;
}

}  // namespace fleetline::ledger
