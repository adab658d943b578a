// SPDX-License-Identifier: Apache-2.0
// Checks the hashes of events on a thread of its own while the caller reads on: half of what verify costs.
// Owned and used by one thread; the checker's thread sees only the blocks handed to it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "ledger/chain.hpp"

namespace fleetline::ledger {

class hash_checker {
  public:
    hash_checker();
    ~hash_checker();
    hash_checker(const hash_checker&) = delete;
    hash_checker& operator=(const hash_checker&) = delete;

    /// Waits when the checker is some blocks behind: memory stays bounded.
    void add(const chained& what, std::string_view hash);

    /// The events that do not have their hash; nothing may be added afterwards.
    std::vector<std::int64_t> finish();

  private:
    struct entry {
        std::int64_t seq = 0;
        std::size_t end = 0;  ///< of its bytes in the block's text
        sha256_digest hash{};
    };
    struct block {
        std::string text;
        std::vector<entry> entries;
    };

    void hand_over();
    void check();

    block filling_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<block> waiting_;
    bool done_ = false;
    std::vector<std::int64_t> wrong_;  ///< the checker's, until it has ended
    std::thread thread_;
};

}  // namespace fleetline::ledger
