// SPDX-License-Identifier: Apache-2.0
// A claim that a command fetches, for some minutes; claim files that are replaced under way.
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <random>

#include "broker.hpp"
#include "cloud/bell.hpp"
#include "cloud/claim_keeper.hpp"
#include "cloud/messages.hpp"
#include "cloud/trace.hpp"
#include "line.hpp"
#include "scripted_cloud.hpp"
#include "told_clock.hpp"

using namespace fleetline;
using namespace fleetline::tests;
namespace asio = boost::asio;
using nlohmann::json;

namespace {

std::string text_of(const std::filesystem::path& file) {
    std::ifstream stream(file);
    return {std::istreambuf_iterator<char>(stream), {}};
}

/// A command that prints the broker's claim as `aws iot create-provisioning-claim` does, and counts.
std::vector<std::string> claim_command(const broker& mosquitto, const std::string& expiration) {
    json claim;
    claim["certificateId"] = "whatever";
    claim["certificatePem"] = text_of(mosquitto.files.path / "claim.pem");
    claim["keyPair"]["PublicKey"] = "not needed";
    claim["keyPair"]["PrivateKey"] = text_of(mosquitto.files.path / "claim.key");
    claim["expiration"] = expiration;
    const auto file = mosquitto.files.write("claim.json", claim.dump());
    const auto count = (mosquitto.files.path / "count").string();
    return {"/bin/sh", "-c", "echo x >> " + count + "; cat " + file.string()};
}

cloud::session_settings fetching(const broker& mosquitto, std::vector<std::string> command) {
    auto settings = mosquitto.settings();
    settings.claim.source = cloud::claim_source::command;
    settings.claim.certificate_file.clear();
    settings.claim.key_file.clear();
    settings.claim.command = std::move(command);
    settings.claim.command_timeout = milliseconds{1'000};
    return settings;
}

std::string first_code(cloud::session_settings settings) {
    running_session line(std::move(settings));
    const auto look = [&]() -> asio::awaitable<void> {
        while (line.notes.statuses.empty()) co_await line.time.wait_for(milliseconds{5});
    };
    line.during(look());
    UNSCOPED_INFO(line.notes.statuses.front().trouble);
    return line.notes.statuses.front().trouble_code;
}

}  // namespace

TEST_CASE("a claim that has just been fetched and expired long ago shows that the clock is ahead",
          "[cloud]") {
    const broker mosquitto;
    told_clock clock(true, std::chrono::hours{24 * 365 * 3});
    const auto ends = to_rfc3339(system_time_source{}.utc_now() + milliseconds{300'000});
    cloud::claim_keeper keeper(fetching(mosquitto, claim_command(mosquitto, ends)), clock);
    asio::io_context io{1};
    cloud::claim_report report;
    const auto look = [&]() -> asio::awaitable<void> { report = co_await keeper.prepare(); };
    asio::co_spawn(io, look(), asio::detached);
    io.run();

    REQUIRE(report.wrong);
    CHECK(report.wrong->code == "station-clock-wrong");
    CHECK(report.wrong->text.find(to_rfc3339(clock.utc_now()).substr(0, 10)) != std::string::npos);
}

TEST_CASE("a claim key that others may read or change is told of", "[cloud]") {
    struct row {
        unsigned mode;
        std::string words;
    };
    const auto [mode, words] = GENERATE(values<row>({
        {0600, ""},
        {0400, ""},
        {0640, "its group may read"},
        {0660, "its group may change"},
        {0604, "anybody may read"},
        {0644, "anybody may read"},
        {0602, "anybody may change"},
    }));
    broker mosquitto;
    mosquitto.start();
    const auto key = mosquitto.files.path / "claim.key";
    std::filesystem::permissions(key, static_cast<std::filesystem::perms>(mode));
    running_session line(mosquitto.settings());
    const auto connect = [&]() -> asio::awaitable<void> { co_await line.session.available(); };
    line.during(connect());

    const auto said = line.session.claim().exposed;
    CAPTURE(mode, said);
    CHECK(said.empty() == words.empty());
    CHECK(said.starts_with(words));
    if (!words.empty()) CHECK(said.find(key.string() + " (mode 0") != std::string::npos);
}

TEST_CASE("a fetched claim connects, lies on no disk, and is fetched again when a connection needs it",
          "[cloud]") {
    broker mosquitto;
    mosquitto.start();
    const bool lives_on = GENERATE(true, false);
    const auto ends = system_time_source{}.utc_now() + milliseconds{lives_on ? 300'000 : 5'000};
    running_session line(fetching(mosquitto, claim_command(mosquitto, to_rfc3339(ends))));

    const auto twice = [&]() -> asio::awaitable<void> {
        co_await line.session.available();
        CHECK(line.session.claim().not_after == ends);
        line.session.claim_replaced();
        while (line.session.status().connected) co_await line.time.wait_for(milliseconds{5});
        co_await line.session.available();
    };
    line.during(twice());

    const auto fetched = text_of(mosquitto.files.path / "count").size() / 2;
    CHECK((lives_on ? fetched == 1 : fetched > 1));
}

TEST_CASE("a claim command that fails, hangs or prints nonsense is named", "[cloud]") {
    broker mosquitto;
    const std::vector<std::string> command =
        GENERATE(std::vector<std::string>{"/bin/sh", "-c", "echo no rights >&2; exit 3"},
                 std::vector<std::string>{"/bin/sh", "-c", "sleep 60 & sleep 60"},
                 std::vector<std::string>{"/no/such/program"}, std::vector<std::string>{"/bin/echo", "{}"},
                 std::vector<std::string>{"/bin/sh", "-c", "yes"}, std::vector<std::string>{});

    CHECK(first_code(fetching(mosquitto, command)) == "cloud-claim-unavailable");
}

TEST_CASE("a fetched claim that the cloud refuses is not tried again: another is fetched", "[cloud]") {
    broker mosquitto;
    mosquitto.start();
    const auto ends = system_time_source{}.utc_now() + milliseconds{300'000};
    const auto command = claim_command(mosquitto, to_rfc3339(ends));
    const auto stranger = make_key();
    const auto key = make_key();
    certificate_wish wish;
    wish.common_name = "Claim";
    mosquitto.files.write("claim.key", private_pem(key.get()));
    mosquitto.files.write("claim.pem", make_certificate_pem(key.get(), wish, stranger.get(), "Stranger"));
    (void)claim_command(mosquitto, to_rfc3339(ends));
    running_session line(fetching(mosquitto, command));

    const auto until_good = [&]() -> asio::awaitable<void> {
        while (line.notes.statuses.empty()) co_await line.time.wait_for(milliseconds{5});
        CHECK(line.notes.statuses.front().trouble_code == "cloud-claim-refused");
        certificate_wish known;
        known.common_name = "Claim";
        mosquitto.write_claim(known);
        (void)claim_command(mosquitto, to_rfc3339(ends));
        co_await line.session.available();
    };
    line.during(until_good());

    CHECK(text_of(mosquitto.files.path / "count").size() >= 4);
}

TEST_CASE("claim files replaced under load are taken without losing a board; broken ones are not taken",
          "[cloud]") {
    broker mosquitto;
    mosquitto.start();
    const scripted_cloud aws(mosquitto.plain_port, honest_answers());
    auto settings = mosquitto.settings();
    settings.create = settings.register_thing = {300, 8};
    running_session line(settings);
    std::vector<board> boards;
    for (int number = 0; number < 300; ++number) boards.emplace_back("SN" + std::to_string(1000 + number));
    std::size_t left = boards.size();
    std::size_t things = 0;
    cloud::bell done(line.io.get_executor());

    const auto provision = [&](std::size_t at) -> asio::awaitable<void> {
        const auto& made = boards[at];
        auto issued = co_await line.session.create_certificate(certificate_for(made));
        auto request = registration_for(made, std::string(issued.ownership_token.reveal()));
        auto registered = co_await line.session.register_thing(std::move(request));
        if (registered.thing.text() == "board-" + made.serial) ++things;
    };
    const auto replace = [&]() -> asio::awaitable<void> {
        while (things < 50) co_await done.wait();
        mosquitto.files.write("claim.key", private_pem(make_key().get()));
        line.session.claim_replaced();
        while (things < 100) co_await done.wait();
        CHECK(line.session.status().connected);
        CHECK(line.session.counters().connects == 1);
        certificate_wish wish;
        wish.common_name = "Another claim";
        mosquitto.write_claim(wish);
        line.session.claim_replaced();
        while (left > 0) co_await done.wait();
    };
    for (std::size_t at = 0; at < boards.size(); ++at) {
        asio::co_spawn(line.io, provision(at), [&](std::exception_ptr error) {
            CHECK(error == nullptr);
            --left;
            done.ring();
        });
    }
    line.during(replace());

    CHECK(things == boards.size());
    const auto counters = line.session.counters();
    CHECK(counters.connects == 2);
    CHECK(counters.losses == 0);
    for (const auto& [topic, lane] : counters.lanes) CHECK(lane.asked_again == 0);
    CHECK(text_of(mosquitto.files.path / "mosquitto.log").find("u'Another claim'") != std::string::npos);
}

TEST_CASE("a claim that should be the TPM's and is a plain file is named", "[cloud]") {
    broker mosquitto;
    auto settings = mosquitto.settings();
    settings.claim.source = cloud::claim_source::tpm;

    const auto found = cloud::check_claim(settings, system_time_source{}.utc_now());

    REQUIRE(found.wrong);
    CHECK(found.wrong->code == "cloud-claim-invalid");
    CHECK(found.wrong->text.find("TSS2") != std::string::npos);
}

TEST_CASE("readers of payloads and claims take any bytes without harm", "[cloud]") {
    std::mt19937 dice(5);
    const std::string seed = R"({"certificateId":"a","certificatePem":"b","certificateOwnershipToken":"c",)"
                             R"("thingName":"d","deviceConfiguration":{"e":"f"},"statusCode":400,)"
                             R"("errorCode":"g","errorMessage":"h","keyPair":{"PrivateKey":"i"}})";
    std::string binary;
    json::to_cbor(json::parse(seed), binary);
    int read = 0;
    for (int turn = 0; turn < 3'000; ++turn) {
        const auto format = turn % 2 == 0 ? cloud::payload_format::json : cloud::payload_format::cbor;
        auto payload = turn % 2 == 0 ? seed : binary;
        for (int change = static_cast<int>(dice() % 4); change > 0; --change) {
            const auto at = dice() % payload.size();
            if (dice() % 3 == 0) payload.erase(at, 1 + dice() % 8);
            if (payload.empty()) payload = "x";
            payload[at % payload.size()] = static_cast<char>(dice());
        }
        if (cloud::read_certificate_answer(format, payload)) ++read;
        if (cloud::read_registration_answer(format, payload)) ++read;
        if (cloud::read_rejection(format, payload)) ++read;
        if (cloud::read_claim(payload)) ++read;
        if (cloud::read_keys_answer(format, payload)) ++read;
        CHECK(cloud::traced(format, payload).size() < 3'000);
    }
    CHECK(read > 150);
    CHECK_FALSE(cloud::read_rejection(cloud::payload_format::json, std::string(100'000, '[')));
    CHECK_FALSE(cloud::read_rejection(cloud::payload_format::cbor, std::string(100'000, '\x81')));
    CHECK_FALSE(cloud::read_rejection(cloud::payload_format::json, std::string(200'000, ' ')));
}

TEST_CASE("the trace shows what a payload is about, and no secret", "[cloud]") {
    json body;
    body["certificateId"] = "ab12";
    body["certificatePem"] = "-----BEGIN CERTIFICATE-----";
    body["certificateOwnershipToken"] = "the token";
    body["privateKey"] = "-----BEGIN RSA PRIVATE KEY-----";
    body["deviceConfiguration"]["wifi"] = "password";
    body["parameters"]["SerialNumber"] = "SN1";
    std::string binary;
    json::to_cbor(body, binary);
    const std::string shown =
        R"x({"certificateId":"ab12","certificateOwnershipToken":"(9 bytes)","certificatePem":"(27 bytes)",)x"
        R"x("deviceConfiguration":"(1 bytes)","parameters":{"SerialNumber":"SN1"},"privateKey":"(31 bytes)"})x";
    CHECK(cloud::traced(cloud::payload_format::json, body.dump()) == shown);
    CHECK(cloud::traced(cloud::payload_format::cbor, binary) == shown);
    CHECK(cloud::traced(cloud::payload_format::json, "{\"token\": \"the token") == "(20 bytes)");
}
