// SPDX-License-Identifier: Apache-2.0
// A real mosquitto for the cloud tests: TLS with client certificates for the station, a plain listener for
// the scripted cloud. Its CA, server certificate and a claim are made anew each time.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "cloud/settings.hpp"
#include "workshop.hpp"

namespace fleetline::tests {

class broker {
  public:
    broker();
    ~broker();
    broker(const broker&) = delete;
    broker& operator=(const broker&) = delete;

    void start();
    void stop();  ///< kills it; the ports stay reserved for the next start
    void freeze();  ///< it says nothing more, and its connections stay: as a network that is gone
    void thaw();
    void restart() {
        stop();
        start();
    }

    /// More lines for its configuration; used by the next start.
    std::string extra;

    std::uint16_t tls_port;
    std::uint16_t plain_port;
    scratch files;
    key_ptr ca_key = make_key();
    static constexpr const char* ca_name = "Test CA";

    /// Settings that fit this broker, with patience in test measure.
    cloud::session_settings settings() const;

    void write_server_certificate(const certificate_wish& wish);
    void write_claim(const certificate_wish& wish);

  private:
    pid_t process_ = -1;
};

/// A port nobody listens on.
std::uint16_t free_port();

}  // namespace fleetline::tests
