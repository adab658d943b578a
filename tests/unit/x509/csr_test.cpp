// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <string>

#include "samples.hpp"
#include "x509/x509.hpp"

using namespace fleetline;

TEST_CASE("the reference firmware's CSR is read, and its algorithm field mended", "[x509]") {
    const std::string as_sent = x509::from_pem("CERTIFICATE REQUEST", samples::firmware_csr).value();

    const auto parsed = x509::parse_csr(samples::firmware_csr);

    REQUIRE(parsed.has_value());
    CHECK(parsed->common_name == "SN000123");
    CHECK(parsed->key_type == "EC P-256");
    CHECK(parsed->public_key == x509::parse_public_key(samples::firmware_public_key).value());
    CHECK(parsed->der.size() == as_sent.size() - 2);
    const auto again = x509::parse_csr(parsed->pem);
    REQUIRE(again.has_value());  // the signature is still good
    CHECK(again->der == parsed->der);
}

TEST_CASE("a CSR with a broken signature is refused", "[x509]") {
    std::string der = x509::from_pem("CERTIFICATE REQUEST", samples::firmware_csr).value();
    der.back() = static_cast<char>(der.back() ^ 1);

    const auto parsed = x509::parse_csr_der(der);

    REQUIRE_FALSE(parsed.has_value());
    CHECK(parsed.why_not() == "its signature does not fit its public key");
}

TEST_CASE("a CSR whose subject was changed is refused", "[x509]") {
    std::string der = x509::from_pem("CERTIFICATE REQUEST", samples::firmware_csr).value();
    der[der.find("SN000123") + 7] = '4';
    REQUIRE_FALSE(x509::parse_csr_der(der).has_value());
}

TEST_CASE("no damaged CSR passes or crashes", "[x509]") {
    const std::string der = x509::from_pem("CERTIFICATE REQUEST", samples::firmware_csr).value();
    const std::string good = x509::parse_csr_der(der)->public_key;
    for (std::size_t at = 0; at < der.size(); ++at) {
        std::string damaged = der;
        damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
        const auto parsed = x509::parse_csr_der(damaged);
        // Only the unsigned algorithm field may differ without harm.
        if (parsed.has_value()) CHECK(parsed->public_key == good);
    }
}
