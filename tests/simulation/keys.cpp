// SPDX-License-Identifier: Apache-2.0
#include "keys.hpp"

#include <map>
#include <utility>

#include "randomness.hpp"

namespace fleetline::simulation {

const x509::csr& keys::make(const std::string& name) {
    static std::map<std::pair<std::uint64_t, std::string>, x509::csr> made;
    const auto number = next_++;
    const auto [found, added] = made.try_emplace({number, name});
    if (added) {
        const openssl_seeded apart(number);
        found->second = x509::make_csr(x509::make_private_key(), name).value();
    }
    return found->second;
}

const x509::csr& request_in(const std::string& pem) {
    static std::map<std::string, x509::csr> known;
    const auto [found, added] = known.try_emplace(pem);
    if (added) found->second = x509::parse_csr(pem).value();
    return found->second;
}

}  // namespace fleetline::simulation
