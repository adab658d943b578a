// SPDX-License-Identifier: Apache-2.0
// Step 3 of fleet provisioning: the board connects to the cloud with its own certificate and publishes one
// message. Each try runs on a thread of its own; its outcome comes back on the loop's thread. All threads end
// with this object.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <thread>

#include "event_loop.hpp"

namespace fleetline::rehearsal_board {

struct connect_request {
    std::string host;
    int port = 8883;
    std::string thing_name;
    std::string certificate_file;
    std::string key_file;
    std::string ca_file;
    std::string topic() const { return thing_name + "/hello"; }
};

struct connect_outcome {
    bool ok = false;
    std::string reason;
};

class first_connect {
  public:
    using done = std::function<void(connect_outcome)>;

    explicit first_connect(event_loop& loop);
    ~first_connect();
    first_connect(const first_connect&) = delete;
    first_connect& operator=(const first_connect&) = delete;

    // Setting the returned flag withdraws the request: the outcome is then not reported.
    std::shared_ptr<std::atomic<bool>> start(connect_request request, done report);

  private:
    struct worker {
        std::thread thread;
        std::atomic<bool> finished = false;
    };
    void reap(bool all);

    event_loop& loop_;
    std::atomic<bool> stopping_ = false;
    std::list<std::shared_ptr<worker>> workers_;
};

}  // namespace fleetline::rehearsal_board
