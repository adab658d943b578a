// SPDX-License-Identifier: Apache-2.0
#include "ledger/outside_copy.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

namespace fleetline::ledger {

namespace {

constexpr std::size_t most_waiting = 1000;
constexpr std::chrono::minutes try_again{1};

/// The seq of the file's last whole line; 0 when there is none.
std::int64_t last_in(const std::filesystem::path& file) {
    try {
        const auto all = checkpoints_in(file);
        return all.empty() ? 0 : all.back().seq;
    } catch (const failure&) {
        return 0;
    }
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
    const std::int64_t last = last_in(file_);
    std::string text;
    for (const auto& one : lines)
        if (one.seq > last) text += to_line(one);
    if (text.empty()) return true;
    const int to = open_file();
    const bool written = to >= 0 &&
                         ::write(to, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                         ::fsync(to) == 0;
    if (!written)
        log_.warning("Checkpoints cannot be appended to " + file_.string() + ": " + std::strerror(errno));
    if (to >= 0) ::close(to);
    return written;
}

}  // namespace fleetline::ledger
