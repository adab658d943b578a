// SPDX-License-Identifier: Apache-2.0
#include "core/digest.hpp"

#include <openssl/sha.h>

#include "core/encoding.hpp"

namespace fleetline {

sha256_digest sha256(std::string_view bytes) {
    sha256_digest digest{};
    // One-shot, without a context: nothing to allocate, nothing that can fail.
    SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
    return digest;
}

std::string sha256_hex(std::string_view bytes) {
    const auto digest = sha256(bytes);
    return to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

}  // namespace fleetline
