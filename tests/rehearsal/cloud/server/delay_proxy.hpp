// SPDX-License-Identifier: Apache-2.0
// A line with a round-trip time: passes bytes both ways, each half the round trip later, in order, and lets a
// new connection wait one round trip as a TCP handshake would. Lives on the io_context's thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <memory>
#include <vector>

namespace fleetline::rehearsal {

class delay_proxy {
  public:
    // Listens on 127.0.0.1 and ::1, port 0: a free one.
    delay_proxy(boost::asio::io_context& loop, std::uint16_t port, std::uint16_t broker_port,
                std::int64_t rtt_ms);
    ~delay_proxy();
    delay_proxy(const delay_proxy&) = delete;
    delay_proxy& operator=(const delay_proxy&) = delete;

    std::uint16_t port() const;
    void refuse();  // closes the port and every connection
    void accept();  // opens the port again

  private:
    struct state;
    std::shared_ptr<state> state_;
};

}  // namespace fleetline::rehearsal
