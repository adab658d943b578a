// SPDX-License-Identifier: Apache-2.0
// OpenSSL's random numbers, the system's for this process, come from a seed: keys and signatures are the same
// each time, and with them the lengths of what is written to the disk.
#pragma once

#include <cstdint>
#include <memory>

namespace fleetline::simulation {

void seed_openssl(std::uint64_t seed);

/// From a seed of their own for as long as it lives: for what outlives the day in which it is made.
class openssl_seeded {
  public:
    explicit openssl_seeded(std::uint64_t seed);
    ~openssl_seeded();
    openssl_seeded(const openssl_seeded&) = delete;
    openssl_seeded& operator=(const openssl_seeded&) = delete;

  private:
    struct held;
    std::unique_ptr<held> before_;
};

}  // namespace fleetline::simulation
