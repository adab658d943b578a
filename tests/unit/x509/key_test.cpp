// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <string>

#include "samples.hpp"
#include "x509/x509.hpp"

using namespace fleetline;

TEST_CASE("a key made here signs a request for the name asked for", "[x509]") {
    const secret key = x509::make_private_key();

    const auto request = x509::make_csr(key, "SN0001");

    REQUIRE(request.has_value());
    CHECK(request->common_name == "SN0001");
    CHECK(request->key_type == "EC P-256");
}

TEST_CASE("a key of another certificate does not match", "[x509]") {
    const auto matches =
        x509::key_matches(x509::make_private_key(), x509::parse_certificate(samples::certificate).value());
    REQUIRE(matches.has_value());
    CHECK_FALSE(matches.value());
}

TEST_CASE("what is no private key is refused with a reason", "[x509]") {
    const auto matches =
        x509::key_matches(secret("hello"), x509::parse_certificate(samples::certificate).value());
    REQUIRE_FALSE(matches.has_value());
    CHECK_FALSE(matches.why_not().empty());
}

TEST_CASE("a public key with a stray byte at its end is refused", "[x509]") {
    // FreeRTOS iot-reference-stm32u5 had this bug until February 2024 (its PR 95).
    auto der = x509::from_pem("PUBLIC KEY", samples::firmware_public_key).value();
    der += '\0';
    REQUIRE_FALSE(x509::parse_public_key(x509::to_pem("PUBLIC KEY", der)).has_value());
}
