// SPDX-License-Identifier: Apache-2.0
// The mosquitto child: configuration, start, stop, freeze. To be used from the main thread only, because the
// kernel kills the child when the thread that started it ends (that is how it dies with a killed supervisor).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>

#include "server/options.hpp"

namespace fleetline::rehearsal {

std::uint16_t free_port();

class broker {
  public:
    broker(const options& chosen, std::uint16_t port, std::filesystem::path plugin);
    ~broker();
    broker(const broker&) = delete;
    broker& operator=(const broker&) = delete;

    // Starts it and returns when it accepts TLS. Throws std::runtime_error if it does not within 10 s.
    void start();
    void stop();    // ends all connections, closes the port
    void freeze();  // keeps the port and the connections, but nothing is answered
    void thaw();
    bool running();  // false also when it ended by itself
    std::uint16_t port() const { return port_; }

  private:
    void write_configuration() const;
    void wait_until_it_accepts_tls();
    bool accepts_tls() const;

    const options& options_;
    std::uint16_t port_;
    std::filesystem::path plugin_;
    pid_t child_ = -1;
};

}  // namespace fleetline::rehearsal
