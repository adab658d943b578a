// SPDX-License-Identifier: Apache-2.0
// OpenSSL's random numbers, the system's for this process, come from a seed: keys and signatures are the same
// each time, and with them the lengths of what is written to the disk.
#pragma once

#include <cstdint>

namespace fleetline::simulation {

void seed_openssl(std::uint64_t seed);

}  // namespace fleetline::simulation
