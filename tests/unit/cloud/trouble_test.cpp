// SPDX-License-Identifier: Apache-2.0
// Each trouble of the session, provoked for real: what it is called, and what the words say.
#include <algorithm>
#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <catch2/catch.hpp>
#include <filesystem>
#include <thread>

#include "broker.hpp"
#include "cloud/bell.hpp"
#include "cloud/diagnosis.hpp"
#include "cloud/messages.hpp"
#include "cloud/mqtt_link.hpp"
#include "line.hpp"
#include "noting_clock.hpp"
#include "scripted_cloud.hpp"
#include "tls_door.hpp"
#include "told_clock.hpp"

using namespace fleetline;
using namespace fleetline::tests;
namespace asio = boost::asio;

namespace {

/// Runs the session until it says what is wrong (or 10 s have passed).
station::issuer_status first_trouble(cloud::session_settings settings, const std::string& wanted = {}) {
    running_session line(std::move(settings));
    const auto look = [&]() -> asio::awaitable<void> {
        for (int turn = 0; turn < 1'500; ++turn) {
            const auto& told = line.notes.statuses;
            const auto code = told.empty() ? std::string{} : told.back().trouble_code;
            if (!code.empty() && (wanted.empty() || code == wanted)) co_return;
            co_await line.time.wait_for(milliseconds{10});
        }
    };
    line.during(look());
    for (auto at = line.notes.statuses.rbegin(); at != line.notes.statuses.rend(); ++at) {
        if (at->trouble_code != "station-stopping") return *at;
    }
    return {};
}

/// What a connect that failed without a word is put down to, by this clock.
cloud::trouble diagnosed(const cloud::session_settings& settings, told_clock&& clock) {
    asio::io_context io{1};
    cloud::trouble found;
    const auto look = [&]() -> asio::awaitable<void> {
        found = co_await cloud::diagnose(settings, clock, 0, "no words");
    };
    asio::co_spawn(io, look(), asio::detached);
    io.run();
    return found;
}

certificate_wish named(const std::string& name) {
    certificate_wish wish;
    wish.common_name = name;
    return wish;
}

/// Stock mosquitto's access list does not look at SUBSCRIBE; its dynamic security does.
void deny_subscribing(broker& mosquitto, const std::vector<std::string>& topics) {
    std::string rules;
    for (const auto& topic : topics) {
        rules += R"({"acltype":"subscribeLiteral","topic":")" + topic + R"(","priority":1,"allow":false},)";
    }
    rules += R"({"acltype":"subscribePattern","topic":"#","priority":0,"allow":true})";
    const auto file = mosquitto.files.write(
        "access.json",
        R"({"defaultACLAccess":{"publishClientSend":true,"publishClientReceive":true,"subscribe":true,)"
        R"("unsubscribe":true},"clients":[{"username":"Claim","roles":[{"rolename":"claim"}]}],)"
        R"("roles":[{"rolename":"claim","acls":[)" +
            rules + "]}]}");
    for (const auto& place : std::filesystem::directory_iterator("/usr/lib")) {
        const auto plugin = place.path() / "mosquitto_dynamic_security.so";
        if (!std::filesystem::exists(plugin)) continue;
        mosquitto.extra = "plugin " + plugin.string() + "\nplugin_opt_config_file " + file.string() + "\n";
    }
}

bool says(const station::issuer_status& status, const std::string& words) {
    UNSCOPED_INFO(status.trouble_code << ": " << status.trouble);
    return status.trouble.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("a claim key that belongs to another certificate is named before anything is sent", "[cloud]") {
    broker mosquitto;
    mosquitto.files.write("claim.key", private_pem(make_key().get()));

    const auto status = first_trouble(mosquitto.settings());

    CHECK(status.trouble_code == "cloud-claim-mismatched");
    CHECK(says(status, "claim.key"));
}

TEST_CASE("missing and broken claim files are named", "[cloud]") {
    broker mosquitto;
    auto settings = mosquitto.settings();
    SECTION("no CA file") {
        settings.ca_file = "/nowhere/ca.pem";
        const auto status = first_trouble(settings);
        CHECK(status.trouble_code == "cloud-ca-unreadable");
        CHECK(says(status, "/nowhere/ca.pem: No such file"));
    }
    SECTION("no certificate") {
        settings.claim.certificate_file = "/nowhere/claim.pem";
        const auto status = first_trouble(settings);
        CHECK(status.trouble_code == "cloud-claim-invalid");
        CHECK(says(status, "/nowhere/claim.pem: No such file"));
    }
    SECTION("no key") {
        settings.claim.key_file = "/nowhere/claim.key";
        CHECK(first_trouble(settings).trouble_code == "cloud-claim-invalid");
    }
    SECTION("nonsense in the certificate") {
        mosquitto.files.write("claim.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        CHECK(first_trouble(settings).trouble_code == "cloud-claim-invalid");
    }
}

TEST_CASE("a claim certificate that has expired, or is not valid yet, is named", "[cloud]") {
    broker mosquitto;
    auto wish = named("Claim");
    SECTION("expired") {
        wish.ends_in_seconds = -60;
        mosquitto.write_claim(wish);
        CHECK(first_trouble(mosquitto.settings()).trouble_code == "cloud-claim-expired");
    }
    SECTION("not yet: the clock is wrong") {
        wish.starts_in_seconds = 3600;
        mosquitto.write_claim(wish);
        CHECK(first_trouble(mosquitto.settings()).trouble_code == "station-clock-wrong");
    }
}

TEST_CASE("nobody listening, and a name nobody knows, are told apart", "[cloud]") {
    broker mosquitto;
    auto settings = mosquitto.settings();
    SECTION("nobody listens") {
        const auto status = first_trouble(settings);
        CHECK(status.trouble_code == "cloud-unreachable");
        CHECK(says(status, "refuses connections"));
    }
    SECTION("no such name") {
        settings.endpoint = "no-such-cloud.invalid";
        const auto status = first_trouble(settings);
        CHECK(status.trouble_code == "cloud-name-unknown");
        CHECK(says(status, "no-such-cloud.invalid"));
    }
    SECTION("the proxy refuses") {
        settings.proxy.url = "http://127.0.0.1:" + std::to_string(free_port());
        const auto status = first_trouble(settings);
        CHECK(status.trouble_code == "cloud-proxy-failed");
    }
}

TEST_CASE("a port that takes the connection and says nothing is called blocked", "[cloud]") {
    asio::io_context aside;
    asio::ip::tcp::acceptor silent(aside, {asio::ip::make_address("127.0.0.1"), 0});
    broker mosquitto;
    auto settings = mosquitto.settings();
    settings.port = silent.local_endpoint().port();
    settings.connect_timeout = milliseconds{1'000};

    CHECK(first_trouble(settings).trouble_code == "cloud-port-blocked");
}

TEST_CASE("port 443's protocol name is offered by the session and by the diagnosis", "[cloud]") {
    broker mosquitto;
    const tls_door door(mosquitto.files.path / "server.pem", mosquitto.files.path / "server.key");
    auto settings = mosquitto.settings();
    settings.port = door.port();
    settings.alpn = {"x-amzn-mqtt-ca"};

    CHECK_FALSE(first_trouble(settings).trouble_code.empty());
    CHECK(door.offered() == std::vector<std::string>(2, "\x0ex-amzn-mqtt-ca"));
}

TEST_CASE("a server that is not the cloud is named by what is wrong with it", "[cloud]") {
    broker mosquitto;
    auto wish = named("localhost");
    wish.host = "localhost";
    SECTION("from another CA") {
        mosquitto.start();
        certificate_wish other;
        other.common_name = "Other CA";
        other.is_ca = true;
        const auto key = make_key();
        const auto ca =
            mosquitto.files.write("other.pem", make_certificate_pem(key.get(), other, key.get(), "Other CA"));
        auto settings = mosquitto.settings();
        settings.ca_file = ca;
        const auto status = first_trouble(settings);
        CHECK(status.trouble_code == "cloud-server-untrusted");
        CHECK(says(status, "other.pem"));
    }
    SECTION("for another name") {
        wish.host = "elsewhere.example";
        mosquitto.write_server_certificate(wish);
        mosquitto.start();
        const auto status = first_trouble(mosquitto.settings());
        CHECK(status.trouble_code == "cloud-host-mismatched");
        CHECK(says(status, "localhost"));
    }
    SECTION("expired") {
        wish.ends_in_seconds = -60;
        mosquitto.write_server_certificate(wish);
        mosquitto.start();
        const auto settings = mosquitto.settings();
        const auto set = diagnosed(settings, told_clock(true));
        CHECK(set.code == "cloud-server-expired");
        CHECK(set.text.find("clock says") != std::string::npos);
        const auto unset = diagnosed(settings, told_clock(false));
        CHECK(unset.code == "station-clock-wrong");
        CHECK(unset.text.find("clock says") != std::string::npos);
        CHECK(unset.text.find("not synchronised") != std::string::npos);
    }
    SECTION("valid from tomorrow: the clock is wrong") {
        wish.starts_in_seconds = 24L * 3600;
        mosquitto.write_server_certificate(wish);
        mosquitto.start();
        CHECK(first_trouble(mosquitto.settings()).trouble_code == "station-clock-wrong");
    }
}

TEST_CASE("a claim certificate that the cloud does not know is called refused", "[cloud]") {
    broker mosquitto;
    const auto stranger = make_key();
    const auto key = make_key();
    mosquitto.files.write("claim.key", private_pem(key.get()));
    mosquitto.files.write("claim.pem",
                          make_certificate_pem(key.get(), named("Claim"), stranger.get(), "Stranger"));
    mosquitto.start();

    CHECK(first_trouble(mosquitto.settings()).trouble_code == "cloud-claim-refused");
}

TEST_CASE("a policy that does not let the station connect is named", "[cloud]") {
    broker mosquitto;
    mosquitto.extra = "clientid_prefixes other-\n";
    mosquitto.start();
    const auto status = first_trouble(mosquitto.settings());
    CHECK(says(status, "station-1"));
    CHECK((status.trouble_code == "cloud-claim-refused" || status.trouble_code == "cloud-policy-denies"));
}

TEST_CASE("answer topics that are refused are all named, seldom tried again, and at once after a reload",
          "[cloud]") {
    broker mosquitto;
    const auto topics = cloud::register_topics(cloud::payload_format::json, "boards");
    deny_subscribing(mosquitto, {topics.accepted, topics.rejected});
    mosquitto.start();
    auto settings = mosquitto.settings();
    settings.version = GENERATE(cloud::mqtt_version::v3_1_1, cloud::mqtt_version::v5);
    settings.reconnect_longest = std::chrono::hours{2};
    noting_clock clock;
    running_session line(settings, clock);
    std::uint64_t tries = 0;

    const auto trip = [&]() -> asio::awaitable<void> {
        while (clock.longest_wait < std::chrono::hours{1}) co_await line.time.wait_for(milliseconds{10});
        tries = line.session.counters().connects_failed;
        mosquitto.extra.clear();
        mosquitto.restart();
        line.session.claim_replaced();
        co_await line.session.available();
    };
    line.during(trip());

    const auto& told = line.notes.statuses.front();
    CHECK(told.trouble_code == "cloud-policy-denies");
    CHECK(says(told, topics.accepted + ", " + topics.rejected));
    CHECK(says(told, "iot:Subscribe to topicfilter/" + topics.accepted));
    CHECK(tries == 1);
    CHECK(line.notes.statuses.at(1).connected);
}

TEST_CASE("a single topic that is refused is told from a lost connection", "[cloud]") {
    broker mosquitto;
    deny_subscribing(mosquitto, {"one"});
    mosquitto.start();
    auto settings = mosquitto.settings();
    settings.version = GENERATE(cloud::mqtt_version::v3_1_1, cloud::mqtt_version::v5);
    asio::io_context io{1};
    const logger log{logger::target::nowhere, log_level::debug};
    struct : cloud::link_events {
        void link_message(const std::string&, const std::string&) override {}
        void link_acknowledged(std::uint64_t) override {}
        void link_not_sent(std::uint64_t) override {}
        void link_denied(std::uint64_t) override {}
        void link_lost(int) override {}
    } nobody;
    cloud::subscribe_answer refused, granted;

    {
        cloud::mqtt_link link(io.get_executor(), settings, log, nobody);
        const auto trip = [&]() -> asio::awaitable<void> {
            const cloud::claim_files files{settings.claim.certificate_file, settings.claim.key_file};
            co_await link.connect(files);
            const std::vector<std::string> one{"one"}, other{"other"};
            refused = co_await link.subscribe(one);
            granted = co_await link.subscribe(other);
            co_await link.close();
        };
        asio::co_spawn(io, trip(), asio::detached);
        io.run();
    }

    REQUIRE(refused.codes.size() == 1);
    CHECK(refused.codes.front() >= 0x80);
    CHECK_FALSE(refused.lost);
    CHECK(granted.codes == std::vector<int>{1});
}

TEST_CASE("two stations with one id are told so", "[cloud]") {
    broker mosquitto;
    mosquitto.start();
    auto settings = mosquitto.settings();
    settings.version = GENERATE(cloud::mqtt_version::v3_1_1, cloud::mqtt_version::v5);
    running_session other(settings);
    running_session line(settings);
    const auto taken = [](const running_session& who) {
        for (const auto& status : who.notes.statuses) {
            if (status.trouble_code == "cloud-client-id-taken") return true;
        }
        return false;
    };
    const auto fight = [&]() -> asio::awaitable<void> {
        for (int turn = 0; turn < 3'000 && !taken(line); ++turn) {
            co_await line.time.wait_for(milliseconds{10});
        }
    };

    std::atomic<bool> over{false};
    std::thread second([&] {
        const auto until_over = [&]() -> asio::awaitable<void> {
            while (!over) co_await other.time.wait_for(milliseconds{10});
        };
        other.during(until_over());
    });
    line.during(fight());
    over = true;
    second.join();

    CHECK(taken(line));
}

TEST_CASE("with MQTT 5 the first session that another client takes over is told so", "[cloud]") {
    const broker mosquitto;  // never started: this version of it closes the connection without a word
    const std::string connack("\x20\x03\x00\x00\x00", 5), suback("\x90\x07\x00\x01\x00\x01\x01\x01\x01", 9),
        taken_over("\xe0\x02\x8e\x00", 4);
    const bool subscribed = GENERATE(true, false);
    const tls_door door(mosquitto.files.path / "server.pem", mosquitto.files.path / "server.key",
                        {connack, subscribed ? suback + taken_over : taken_over});
    auto settings = mosquitto.settings();
    settings.port = door.port();
    settings.version = cloud::mqtt_version::v5;

    const auto status = first_trouble(settings);

    CHECK(status.trouble_code == "cloud-client-id-taken");
    CHECK(says(status, "'station-1'"));
}
