// SPDX-License-Identifier: Apache-2.0
// Events on their way through verify, a block at a time: the caller reads on in the file while another thread
// takes them in order. Owned and used by one thread; the other sees only the blocks handed to it.
#pragma once

#include <array>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace fleetline::ledger {

struct read_event {
    std::int64_t seq = 0;
    std::int64_t attempt = 0;
    std::int64_t station = 0;
    bool clock_synchronised = false;
    std::optional<bool> hash_holds;                                    ///< none: not looked at yet
    std::string_view recorded_at, kind, payload, previous_hash, hash;  ///< valid during the call that gets it

    std::array<std::string_view*, 5> texts() {
        return {&recorded_at, &kind, &payload, &previous_hash, &hash};
    }
};

class event_pipe {
  public:
    /// `then` gets every event in order, some time after it was added: on a thread that calls nothing else,
    /// or, with `on_own_thread` false, in the call of add(). What it throws ends that, and comes out of add()
    /// or finish().
    event_pipe(std::function<void(const read_event&)> then, bool on_own_thread);
    ~event_pipe();
    event_pipe(const event_pipe&) = delete;
    event_pipe& operator=(const event_pipe&) = delete;

    /// Waits when the other is some blocks behind: memory stays bounded.
    void add(read_event what);

    /// Whether what can be done on either side is sooner done before add().
    bool is_behind() const { return is_behind_; }

    /// Waits for all that is under way; nothing may be added afterwards.
    void finish();

  private:
    struct block {
        std::string text;                ///< of all events, one after the other
        std::vector<read_event> events;  ///< their texts' lengths are right, the rest of the views is not

        void clear() {
            text.clear();
            events.clear();
        }
    };

    void hand_over();
    void work();
    void hand_on(const block& what) const;

    std::function<void(const read_event&)> then_;
    block filling_;
    bool is_behind_ = true;
    std::mutex mutex_;  ///< of all below
    std::condition_variable changed_;
    std::deque<block> waiting_;
    std::vector<block> used_;  ///< their memory is filled again
    std::size_t under_way_ = 0;
    std::exception_ptr error_;
    bool ended_ = false;
    std::thread worker_;
};

}  // namespace fleetline::ledger
