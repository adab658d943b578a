// SPDX-License-Identifier: Apache-2.0
// Payloads in both formats, topics, and faults as they are asked for.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/faults.hpp"
#include "core/payload.hpp"
#include "core/provisioning.hpp"
#include "core/refusal.hpp"

using namespace fleetline::rehearsal;
using nlohmann::json;

TEST_CASE("A payload that could eat the stack, or is no text, is refused in both formats") {
    CHECK_THROWS_AS(decode(std::string(100000, '['), encoding::json), refusal);
    CHECK_THROWS_AS(decode(std::string(100000, '\x81'), encoding::cbor), refusal);  // one-element arrays
    CHECK_THROWS_AS(decode(std::string(100000, '\x9f'), encoding::cbor), refusal);  // arrays without end
    CHECK_THROWS_AS(decode("", encoding::json), refusal);
    CHECK_THROWS_AS(decode("", encoding::cbor), refusal);
    CHECK_THROWS_AS(decode("{\"a\":\"\xff\"}", encoding::json), refusal);
    CHECK_THROWS_AS(decode("\xa1\x61\x61\x61\xff", encoding::cbor), refusal);  // {"a": not UTF-8}
    CHECK_THROWS_AS(decode("\xa1\x61\x61\x7a\xff\xff\xff\xff", encoding::cbor),
                    refusal);  // a string of 4 GiB, cut short
    CHECK_THROWS_AS(decode("{} trailing", encoding::json), refusal);
}

TEST_CASE("What is encoded reads back the same in both formats") {
    const json document = {{"certificatePem", "-----BEGIN"}, {"parameters", {{"SerialNumber", "Ä1"}}}};
    for (const encoding format : {encoding::json, encoding::cbor}) {
        CHECK(decode(encode(document, format), format) == document);
    }
}

TEST_CASE("Only the documented request topics are requests") {
    CHECK(request_on("$aws/certificates/create-from-csr/json")->what ==
          operation::create_certificate_from_csr);
    CHECK(request_on("$aws/certificates/create/cbor")->format == encoding::cbor);
    CHECK(request_on("$aws/provisioning-templates/My_Template-1/provision/json")->template_name ==
          "My_Template-1");
    for (const char* topic :
         {"", "/", "$aws", "$aws/certificates/create-from-csr", "$aws/certificates/create-from-csr/xml",
          "$aws/certificates/create-from-csr/json/accepted", "$aws/certificates/create-from-csr/json/",
          "aws/certificates/create/json", "$aws/provisioning-templates/provision/json",
          "$aws/provisioning-templates/a/b/provision/json", "$aws/things/x/shadow/update"}) {
        INFO(topic);
        CHECK_FALSE(request_on(topic));
    }
}

TEST_CASE("A fault that nobody could mean is refused") {
    for (const char* text :
         {"[]", "7", "{}", R"({"kind":"nonsense"})", R"({"kind":"lose","who":"me"})", R"({"kind":"delay"})",
          R"({"kind":"delay","ms":-1})", R"({"kind":"delay","ms":"1"})", R"({"kind":"delay","ms":1.5})",
          R"({"kind":"disconnect"})", R"({"kind":"disconnect","step":"sometime"})",
          R"({"kind":"outage","mode":"party"})", R"({"kind":"lose","operation":"Register"})",
          R"({"kind":"lose","serial":1})"}) {
        INFO(text);
        CHECK_THROWS_AS(parse_fault(json::parse(text)), refusal);
    }
}

TEST_CASE("A fault concerns the requests it names and no others") {
    device_request request = *request_on("$aws/provisioning-templates/t/provision/json");
    request.client_id = "station-1";
    const std::vector<std::string> names = {"SN1"};
    const auto hits = [&](const char* text) {
        return concerns(parse_fault(json::parse(text)), request, names);
    };
    CHECK(hits(R"({"kind":"lose"})"));
    CHECK(hits(R"({"kind":"lose","operation":"RegisterThing","serial":"SN1","client":"station-1"})"));
    CHECK_FALSE(hits(R"({"kind":"lose","operation":"CreateCertificateFromCsr"})"));
    CHECK_FALSE(hits(R"({"kind":"lose","serial":"SN2"})"));
    CHECK_FALSE(hits(R"({"kind":"lose","client":"station-2"})"));
    CHECK_FALSE(hits(R"({"kind":"outage"})"));
    request.what = operation::create_certificate_from_csr;
    CHECK_FALSE(hits(R"({"kind":"hook-denial"})"));
}
