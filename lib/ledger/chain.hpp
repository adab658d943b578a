// SPDX-License-Identifier: Apache-2.0
// The hash of one event, over the encoding that schema/README.md describes. One object a thread: it keeps its
// buffer and OpenSSL's context, so that a million events do not make a million of them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/digest.hpp"

namespace fleetline::ledger {

/// What the hash covers. Views: they must live as long as the call.
struct chained {
    std::string_view previous_hash;  ///< 32 bytes
    std::int64_t seq = 0;
    std::string_view station;
    std::string_view recorded_at;
    bool clock_synchronised = false;
    std::string_view kind;
    std::int64_t attempt = 0;  ///< seq of the event that started it; 0: none
    std::string_view payload;
};

/// Appends the bytes that are hashed.
void append_encoded(std::string& out, const chained& what);

class chain_hasher {
  public:
    chain_hasher();
    ~chain_hasher();
    chain_hasher(const chain_hasher&) = delete;
    chain_hasher& operator=(const chain_hasher&) = delete;

    sha256_digest operator()(const chained& what);
    sha256_digest operator()(std::string_view encoded);

  private:
    struct digest_context;
    std::unique_ptr<digest_context> context_;
    std::string text_;
};

inline std::string_view bytes_of(const sha256_digest& digest) {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace fleetline::ledger
