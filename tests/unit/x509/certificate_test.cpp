// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <string>

#include "samples.hpp"
#include "x509/x509.hpp"

using namespace fleetline;

TEST_CASE("a certificate is read with everything the station checks", "[x509]") {
    const auto parsed = x509::parse_certificate(samples::certificate);

    REQUIRE(parsed.has_value());
    CHECK(parsed->sha256 == "01371d29528910e601c003cccf4880b2c6cc7ffe3e38865d863bc1da40de0234");
    CHECK(parsed->common_name == "SN0001");
    CHECK(parsed->subject == "O=Böard Werke,CN=SN0001");
    CHECK(parsed->serial == "0196C8EA1913A0C9F84C79A15F5E922C55911B23");
    CHECK(to_rfc3339(parsed->not_before) == "2026-11-24T08:06:15.000Z");
    CHECK(to_rfc3339(parsed->not_after) == "2052-11-17T08:06:15.000Z");
    CHECK(x509::to_pem("CERTIFICATE", parsed->der) == samples::certificate);
}

TEST_CASE("bytes that are no certificate are refused with a reason", "[x509]") {
    const std::string good = samples::certificate;
    const auto cut = GENERATE(0U, 10U, 30U, 200U, 600U);
    const auto parsed = x509::parse_certificate(good.substr(0, cut));
    REQUIRE_FALSE(parsed.has_value());
    CHECK_FALSE(parsed.why_not().empty());
}

TEST_CASE("an empty PEM block is no certificate", "[x509]") {
    const auto parsed =
        x509::parse_certificate("-----BEGIN CERTIFICATE-----\r\n-----END CERTIFICATE-----\r\n");
    REQUIRE_FALSE(parsed.has_value());
    CHECK(parsed.why_not() == "nothing between the BEGIN and END lines");
}

TEST_CASE("bytes behind the certificate are noticed", "[x509]") {
    auto der = x509::parse_certificate(samples::certificate)->der;
    der += '\0';
    REQUIRE_FALSE(x509::parse_certificate_der(der).has_value());
}

TEST_CASE("no damaged certificate crashes the parser", "[x509]") {
    const auto der = x509::parse_certificate(samples::certificate)->der;
    std::size_t refused = 0;
    for (std::size_t at = 0; at < der.size(); ++at) {
        auto damaged = der;
        damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
        if (!x509::parse_certificate_der(damaged).has_value()) ++refused;
    }
    CHECK(refused > 50);
}
