// SPDX-License-Identifier: Apache-2.0
// Events on their way through verify: their hashes are checked and their payloads read on a thread of its
// own, a block at a time, while the caller reads on in the file. Owned and used by one thread; the checker's
// thread sees only the blocks handed to it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/failure.hpp"
#include "ledger/chain.hpp"
#include "ledger/events.hpp"

namespace fleetline::ledger {

struct checked_event {
    std::int64_t seq = 0;
    std::int64_t attempt = 0;
    std::int64_t station = 0;
    std::string_view recorded_at;  ///< valid during the call that gets it
    bool clock_synchronised = false;
    bool hash_holds = false;
    checked<event> what = reason{};  ///< without the certificates' texts
};

class hash_checker {
  public:
    /// `then` gets every event in order, some time after it was added, in a call of add() or finish().
    explicit hash_checker(std::function<void(const checked_event&)> then);
    ~hash_checker();
    hash_checker(const hash_checker&) = delete;
    hash_checker& operator=(const hash_checker&) = delete;

    /// Waits when the checker is some blocks behind: memory stays bounded.
    void add(const chained& what, std::int64_t station, std::string_view hash);

    /// All that is under way; nothing may be added afterwards.
    void finish();

  private:
    struct entry {
        checked_event event;
        std::size_t end = 0;                 ///< of its bytes in the block's text
        std::size_t payload = 0;             ///< where it begins there
        std::size_t kind = 0, recorded = 0;  ///< likewise
        std::size_t kind_size = 0, recorded_size = 0;
        sha256_digest hash{};
    };
    struct block {
        std::string text;
        std::vector<entry> entries;
    };

    void hand_over();
    void take_back(bool all);
    void check();
    static void check(block& what, chain_hasher& hasher);

    std::function<void(const checked_event&)> then_;
    block filling_;
    std::size_t under_way_ = 0;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<block> waiting_, done_;
    bool ended_ = false;
    std::thread thread_;
};

}  // namespace fleetline::ledger
