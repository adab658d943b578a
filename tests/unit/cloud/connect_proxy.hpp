// SPDX-License-Identifier: Apache-2.0
// A small HTTP CONNECT proxy on a thread of its own, to any port of this machine. Notes what it was asked.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace fleetline::tests {

class connect_proxy {
  public:
    /// `credentials`: "user:password" that is wanted of everybody; empty: nothing is.
    explicit connect_proxy(std::string credentials = {});
    ~connect_proxy();
    connect_proxy(const connect_proxy&) = delete;
    connect_proxy& operator=(const connect_proxy&) = delete;

    std::uint16_t port() const;
    /// The first lines: "CONNECT localhost:8883 HTTP/1.1".
    std::vector<std::string> requests() const;

  private:
    struct running;
    std::unique_ptr<running> running_;
};

}  // namespace fleetline::tests
