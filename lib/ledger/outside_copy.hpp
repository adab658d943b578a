// SPDX-License-Identifier: Apache-2.0
// Appends checkpoints to a file elsewhere, on a thread of its own: a share that hangs must not hold up the
// ledger. Owned by the ledger; add() from any thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>
#include <thread>
#include <vector>

#include "core/logger.hpp"
#include "ledger/checkpoint.hpp"

namespace fleetline::ledger {

class outside_copy {
  public:
    /// `known`: checkpoints that may be missing there, oldest first. Where root has to make the file, it is
    /// the service's, who appends to it afterwards: whoever owns the directory of the ledger.
    outside_copy(std::filesystem::path file, const std::filesystem::path& ledger,
                 std::vector<checkpoint> known, const logger& log);
    ~outside_copy();  ///< tries once more
    outside_copy(const outside_copy&) = delete;
    outside_copy& operator=(const outside_copy&) = delete;

    void add(checkpoint next);

  private:
    void work();
    bool append(const std::vector<checkpoint>& lines) const;
    int open_file() const;

    std::filesystem::path file_;
    std::filesystem::path owners_directory_;
    const logger& log_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<checkpoint> waiting_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace fleetline::ledger
