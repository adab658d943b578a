// SPDX-License-Identifier: Apache-2.0
// Answers on their way back into the broker. Workers put them in from any thread, the broker's thread takes
// out what is due. Because the broker may only be touched by its own thread, and sleeps up to 100 ms in
// epoll_wait, a bell thread interrupts that sleep with a signal for as long as something due lies here.
#pragma once

#include <pthread.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace fleetline::rehearsal {

struct outgoing {
    using clock = std::chrono::steady_clock;
    clock::time_point due;  // not before
    std::string client_id;
    std::uint64_t generation = 0;  // of the session that asked; the answer is for no other
    std::string topic;             // empty: nothing to send
    std::string payload;
    std::string log;          // a line for the broker's log; empty: none
    bool disconnect = false;  // close the session: after sending, or instead
};

class outbox {
  public:
    // To be made on the broker's thread: that is the one that is woken.
    outbox();
    ~outbox();
    outbox(const outbox&) = delete;
    outbox& operator=(const outbox&) = delete;

    void put(outgoing one);
    std::vector<outgoing> take_due();

  private:
    void ring_until_stopped();

    pthread_t broker_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<outgoing> waiting_;
    bool stopped_ = false;
    std::thread bell_;
};

}  // namespace fleetline::rehearsal
