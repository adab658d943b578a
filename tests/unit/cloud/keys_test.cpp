// SPDX-License-Identifier: Apache-2.0
// CreateKeysAndCertificate, in virtual time: an answer serves whichever board has waited longest.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "broker.hpp"
#include "cloud/traffic.hpp"
#include "line.hpp"
#include "workshop.hpp"
#include "x509/x509.hpp"

using namespace fleetline;
using namespace fleetline::tests;
using nlohmann::json;

namespace {

struct keys_line {
    explicit keys_line(cloud::payload_format how = cloud::payload_format::json)
        : format(how),
          wire(
              settings(how), [this](auto& topic, auto payload, auto) { asked.emplace_back(topic, payload); },
              notes, 7, now) {
        wire.link_up(16);
    }

    static cloud::session_settings settings(cloud::payload_format how) {
        cloud::session_settings given;
        given.templates = {"boards"};
        given.keys = true;
        given.format = how;
        given.create = given.register_thing = {1e6, 1e6};
        given.request_timeout = milliseconds{2'000};
        given.asks = 1;
        return given;
    }

    void ask(const std::string& serial) {
        auto wanted = std::make_unique<cloud::keys_call>();
        wanted->request.serial = serial_number(serial);
        wanted->request.attempt = attempt_id(serial);
        wanted->body = cloud::write_keys_request(format);
        wanted->done = [this, serial](cloud::outcome<station::issued_keys> result) {
            if (const auto* why = std::get_if<station::request_failure>(&result)) {
                ends[serial] = why->code();
                return;
            }
            auto& made = std::get<station::issued_keys>(result);
            const auto certificate = x509::parse_certificate(made.certificate.pem);
            REQUIRE(certificate);
            CHECK(made.public_key == certificate->public_key);
            CHECK(*x509::key_matches(made.private_key_pem, *certificate));
            CHECK(made.certificate.ownership_token.reveal() == "token");
            ends[serial] = made.certificate.id.text();
        };
        REQUIRE(wire.add(std::move(wanted), now));
        wire.pump(now);
    }

    /// A certificate with its key, as AWS makes them; `other` key on demand.
    std::string answer(bool right_key = true) const {
        const auto key = make_key();
        certificate_wish wish;
        wish.common_name = "AWS IoT Certificate";
        const auto pem = make_certificate_pem(key.get(), wish, ca.get(), "Device CA");
        json body;
        body["certificateId"] = sha256_of_certificate(pem);
        body["certificatePem"] = pem;
        body["certificateOwnershipToken"] = "token";
        body["privateKey"] = private_pem(right_key ? key.get() : ca.get());
        if (format == cloud::payload_format::json) return body.dump();
        std::string bytes;
        json::to_cbor(body, bytes);
        return bytes;
    }

    void arrives(const std::string& payload) {
        const auto topic = cloud::keys_topics(format).accepted;
        wire.message(topic, payload, now, system_time_source{}.utc_now());
        wire.pump(now);
    }

    cloud::payload_format format;
    key_ptr ca = make_key();
    monotonic_time now{milliseconds{1'000}};
    note_taker notes;
    std::vector<std::pair<std::string, std::string>> asked;
    std::map<std::string, std::string> ends;
    cloud::traffic wire;
};

}  // namespace

TEST_CASE("keys that the cloud makes serve whoever waits, each once, in JSON and CBOR", "[cloud]") {
    keys_line line(GENERATE(cloud::payload_format::json, cloud::payload_format::cbor));
    for (int number = 0; number < 8; ++number) line.ask("SN" + std::to_string(number));
    REQUIRE(line.asked.size() == 8);
    const bool in_json = line.format == cloud::payload_format::json;
    CHECK(line.asked.front().first ==
          (in_json ? "$aws/certificates/create/json" : "$aws/certificates/create/cbor"));
    CHECK(line.asked.front().second == (in_json ? "{}" : "\xA0"));

    for (int number = 0; number < 8; ++number) {
        const auto payload = line.answer();
        line.arrives(payload);
        line.arrives(payload);  // at least once is what MQTT promises
    }

    std::set<std::string> different;
    for (const auto& [serial, id] : line.ends) different.insert(id);
    CHECK(line.ends.size() == 8);
    CHECK(different.size() == 8);
    CHECK(line.notes.certificates.empty());
}

TEST_CASE("a key that comes late serves the next board; one that nobody waits for is accounted for",
          "[cloud]") {
    keys_line line;
    line.ask("SN1");
    line.now += milliseconds{2'500};
    line.wire.pump(line.now);
    CHECK(line.ends["SN1"] == "cloud-no-answer");
    line.ask("SN2");

    line.arrives(line.answer());
    CHECK(line.ends["SN2"].size() == 64);
    REQUIRE(line.notes.certificates.size() == 1);  // what SN1 asked for may have been made

    const auto left_over = line.answer();
    line.arrives(left_over);
    REQUIRE(line.notes.certificates.size() == 2);
    CHECK(line.notes.certificates.back().id == json::parse(left_over).at("certificateId").get<std::string>());
}

TEST_CASE("a key that does not belong to its certificate is nobody's", "[cloud]") {
    keys_line line;
    line.ask("SN1");
    line.arrives(line.answer(false));
    CHECK(line.ends.empty());
    REQUIRE(line.notes.certificates.size() == 1);
    CHECK(line.notes.certificates.front().why == "its private key does not belong to it");

    line.arrives(line.answer());
    CHECK(line.ends["SN1"].size() == 64);
}

TEST_CASE("a session that was not told that the cloud makes keys does not ask for them", "[cloud]") {
    broker mosquitto;
    running_session line(mosquitto.settings());
    std::string code;
    const auto ask = [&]() -> boost::asio::awaitable<void> {
        station::keys_request request;
        request.serial = serial_number("SN1");
        const auto end = co_await end_of(line.session.create_keys(std::move(request)));
        code = end.code;
    };
    line.during(ask());
    CHECK(code == "station-configuration");
}
