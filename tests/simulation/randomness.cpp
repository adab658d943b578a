// SPDX-License-Identifier: Apache-2.0
#define OPENSSL_SUPPRESS_DEPRECATED  // the method, which all library contexts ask first
#include "randomness.hpp"

#include <openssl/rand.h>

#include <random>

namespace fleetline::simulation {

namespace {

std::mt19937_64& engine() {
    static std::mt19937_64 held;
    return held;
}

int fill(unsigned char* into, int count) {
    std::uint64_t bits = 0;
    for (int i = 0; i < count; ++i, bits >>= 8U) {
        if (i % 8 == 0) bits = engine()();
        into[i] = static_cast<unsigned char>(bits);
    }
    return 1;
}

int ready() {
    return 1;
}

const RAND_METHOD method = {nullptr, fill, nullptr, nullptr, fill, ready};

}  // namespace

void seed_openssl(std::uint64_t seed) {
    engine().seed(seed);
    RAND_set_rand_method(&method);
}

struct openssl_seeded::held {
    std::mt19937_64 numbers;
};

openssl_seeded::openssl_seeded(std::uint64_t seed) : before_(std::make_unique<held>(held{engine()})) {
    seed_openssl(seed);
}

openssl_seeded::~openssl_seeded() {
    engine() = before_->numbers;
}

}  // namespace fleetline::simulation
