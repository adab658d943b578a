// SPDX-License-Identifier: Apache-2.0
// Events on their way through verify, a block at a time: the caller reads on in the file while one thread
// checks hashes and reads payloads, and another one hands the events on in order. Owned and used by one
// thread; the two others see only the blocks handed to them.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
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
    /// `then` gets every event in order, some time after it was added: on a thread that calls nothing else,
    /// or, with `on_own_threads` false, in a call of add() or finish(). What it throws ends that, and comes
    /// out of add() or finish().
    hash_checker(std::function<void(const checked_event&)> then, bool on_own_threads);
    ~hash_checker();
    hash_checker(const hash_checker&) = delete;
    hash_checker& operator=(const hash_checker&) = delete;

    /// Waits when the others are some blocks behind: memory stays bounded.
    void add(const chained& what, std::int64_t station, std::string_view hash);

    /// Waits for all that is under way; nothing may be added afterwards.
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

        void clear() {
            text.clear();
            entries.clear();
        }
    };

    void hand_over();
    void check();
    void hand_on();
    static void check(block& what, chain_hasher& hasher);

    std::function<void(const checked_event&)> then_;
    block filling_;
    std::mutex mutex_;  ///< of all below
    std::condition_variable changed_;
    std::deque<block> waiting_, done_;
    std::vector<block> used_;  ///< their memory is filled again
    std::size_t under_way_ = 0;
    std::exception_ptr error_;
    bool ended_ = false;
    std::thread checks_, hands_on_;  ///< neither, or both
};

}  // namespace fleetline::ledger
