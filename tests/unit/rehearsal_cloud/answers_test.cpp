// SPDX-License-Identifier: Apache-2.0
// Requests and answers at the running broker: to whom they go, and what faults do to them.
#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <fstream>
#include <random>
#include <thread>

#include "core/child_process.hpp"
#include "core/payload.hpp"
#include "core/registry.hpp"
#include "core/text.hpp"
#include "running_cloud.hpp"

using namespace rehearsal_test;
namespace cloud = fleetline::rehearsal;
using nlohmann::json;
using clock_type = std::chrono::steady_clock;

namespace {

constexpr int short_while_ms = 400;

std::string public_key_of(const json& answer) {
    return cloud::public_pem(
        *X509_get0_pubkey(cloud::certificate_from_pem(answer.at("certificatePem").get<std::string>()).get()));
}

}  // namespace

TEST_CASE("An answer goes to the session that asked and to nobody else") {
    running_cloud running;
    const auto asking = running.station("station-1");
    const auto listening = running.station("station-2");
    REQUIRE(listening->subscribe({csr_topic}) ==
            std::vector<int>{1});  // allowed, and still it sees no request
    REQUIRE(listening->subscribe({csr_topic + "/+"}) == std::vector<int>{1});
    CHECK(ask(*asking, csr_topic, running.csr_request()).accepted);
    CHECK_FALSE(listening->wait_message(short_while_ms));
    CHECK_FALSE(asking->wait_message(1));
}

TEST_CASE("An answer comes without a subscription, at QoS 1") {
    running_cloud running;
    mqtt_client station{"station-1", claim_of(running.program), GENERATE(4, 5)};
    REQUIRE(station.connect(running.program.mqtt_port()));
    CHECK(station.wait_published(station.publish(keys_topic, "{}")));
    const auto answer = station.wait_message();
    REQUIRE(answer);
    CHECK(answer->topic == keys_topic + "/accepted");
    CHECK(answer->qos == 1);
}

TEST_CASE("CBOR in, CBOR out") {
    running_cloud running;
    const auto station = running.station();
    const std::string topic = "$aws/certificates/create-from-csr/cbor";
    station->publish(topic, cloud::encode(running.csr_request(), cloud::encoding::cbor));
    const auto answer = station->wait_message();
    REQUIRE(answer);
    CHECK(answer->topic == topic + "/accepted");
    CHECK(cloud::decode(answer->payload, cloud::encoding::cbor).contains("certificateOwnershipToken"));
}

TEST_CASE("Fifty stations at once each get their own answer") {
    running_cloud running;
    std::vector<std::unique_ptr<mqtt_client>> stations;
    std::vector<cloud::key_ptr> keys;
    for (int i = 0; i < 50; ++i) {
        stations.push_back(running.station("station-" + std::to_string(i)));
        keys.push_back(cloud::make_p256_key());
    }
    for (std::size_t i = 0; i < stations.size(); ++i) {
        stations[i]->publish(csr_topic, json{{"certificateSigningRequest", csr_for(*keys[i], "SN")}}.dump());
    }
    for (std::size_t i = 0; i < stations.size(); ++i) {
        const auto answer = stations[i]->wait_message();
        REQUIRE(answer);
        CHECK(public_key_of(json::parse(answer->payload)) == cloud::public_pem(*keys[i]));
    }
}

TEST_CASE("Whatever is sent to the request topics, the broker lives and answers") {
    running_cloud running({"--limit", "publishes_per_second=0"});
    const auto station = running.station();
    std::mt19937 random{42};
    const std::string valid = running.csr_request().dump();
    for (int i = 0; i < 300; ++i) {
        std::string payload = i % 2 == 0 ? valid : cloud::random_bytes(random() % 300);
        for (int flips = 0; flips < 3 && !payload.empty(); ++flips) {
            payload[random() % payload.size()] = static_cast<char>(random());
        }
        const std::string format = i % 3 == 0 ? "cbor" : "json";
        station->publish(i % 5 == 0 ? "$aws/provisioning-templates/fleetline-rehearsal/provision/" + format
                                    : "$aws/certificates/create-from-csr/" + format,
                         payload);
        REQUIRE(station->wait_message());
    }
    CHECK(ask(*station, csr_topic, running.csr_request()).accepted);
}

TEST_CASE("Ownership tokens expire as fast as the switch says, and their certificates go") {
    running_cloud running({"--token-lifetime", "1"});
    const auto station = running.station();
    const reply issued = ask(*station, csr_topic, running.csr_request());
    cloud::registry known{running.folder.path() / "registry.db"};
    const auto deadline = clock_type::now() + std::chrono::seconds{20};
    while (known.certificate(issued.body.at("certificateId")) && clock_type::now() < deadline) {
        std::this_thread::yield();
    }
    const reply late = ask(*station, register_topic,
                           json{{"certificateOwnershipToken", issued.body.at("certificateOwnershipToken")},
                                {"parameters", {{"SerialNumber", "SN1"}}}});
    CHECK(late.body.at("errorCode") == "InvalidCertificateOwnershipToken");
}

TEST_CASE("A slow hook holds up its own request and no other") {
    running_cloud running;
    cloud::registry known{running.folder.path() / "registry.db"};
    std::ofstream(running.folder.path() / "hook.py")
        << "import time\ndef handler(event, context):\n  time.sleep(2)\n  return {'allowProvisioning': "
           "True}\n";
    cloud::child_process::order pack;
    pack.arguments = {"/usr/bin/python3",
                      "-m",
                      "zipfile",
                      "-c",
                      running.program.file("hook.zip"),
                      running.program.file("hook.py")};
    REQUIRE(cloud::child_process::run(pack).status == 0);
    cloud::function_record function;
    function.name = "Hook";
    function.runtime = "python3.11";
    function.handler = "hook.handler";
    function.timeout_s = 5;
    function.zip = *cloud::read_file(running.folder.path() / "hook.zip");
    known.put_function(function);
    known.put_permission("Hook", {"s", "lambda:InvokeFunction", "iot.amazonaws.com", "", ""});
    auto recipe = *known.provisioning_template("fleetline-rehearsal");
    recipe.hook_arn = "arn:aws:lambda:ap-northeast-1:123456789012:function:Hook";
    known.update_template(recipe);

    const auto slow = running.station("station-1");
    const auto quick = running.station("station-2");
    const reply issued = ask(*slow, csr_topic, running.csr_request());
    const auto began = clock_type::now();
    slow->publish(register_topic,
                  json{{"certificateOwnershipToken", issued.body.at("certificateOwnershipToken")},
                       {"parameters", {{"SerialNumber", "SN1"}}}}
                      .dump());
    for (int i = 0; i < 10; ++i) CHECK(ask(*quick, csr_topic, running.csr_request()).accepted);
    const auto quick_took = clock_type::now() - began;
    const auto answer = slow->wait_message();
    REQUIRE(answer);
    CHECK(answer->topic == register_topic + "/accepted");
    CHECK(clock_type::now() - began >= std::chrono::seconds{2});
    CHECK(quick_took < std::chrono::seconds{2});
}

TEST_CASE("Faults do what they are asked to, as often as they are asked to") {
    running_cloud running;
    const auto station = running.station();
    const auto csr = [&] { return ask(*station, csr_topic, running.csr_request()); };
    SECTION("reject") {
        running.fault({{"kind", "reject"},
                       {"statusCode", 418},
                       {"errorCode", "Teapot"},
                       {"errorMessage", "short"},
                       {"count", 1}});
        const reply first = csr();
        CHECK(first.body == json{{"statusCode", 418}, {"errorCode", "Teapot"}, {"errorMessage", "short"}});
        CHECK(csr().accepted);
    }
    SECTION("throttle") {
        running.fault({{"kind", "throttle"}, {"tps", 1}, {"operation", "CreateCertificateFromCsr"}});
        CHECK(csr().accepted);
        CHECK(csr().body.at("statusCode") == 429);
    }
    SECTION("delay") {
        running.fault({{"kind", "delay"}, {"ms", 300}});
        const auto began = clock_type::now();
        CHECK(csr().accepted);
        CHECK(clock_type::now() - began >= std::chrono::milliseconds{300});
    }
    SECTION("lose the second") {
        running.fault({{"kind", "lose"}, {"skip", 1}, {"count", 1}});
        CHECK(csr().accepted);
        station->publish(csr_topic, running.csr_request().dump());
        CHECK_FALSE(station->wait_message(short_while_ms));
        CHECK(csr().accepted);
    }
    SECTION("duplicate") {
        running.fault({{"kind", "duplicate"}, {"count", 1}});
        const reply once = csr();
        const auto twice = station->wait_message();
        REQUIRE(twice);
        CHECK(json::parse(twice->payload) == once.body);
    }
    SECTION("foreign certificate") {
        running.fault({{"kind", "foreign-certificate"}, {"count", 1}});
        CHECK(public_key_of(csr().body) != cloud::public_pem(*running.key));
        CHECK(public_key_of(csr().body) == cloud::public_pem(*running.key));
    }
    SECTION("wrong certificate id") {
        running.fault({{"kind", "wrong-certificate-id"}, {"count", 1}});
        const json body = csr().body;
        CHECK(cloud::certificate_id_of(*cloud::certificate_from_pem(body.at("certificatePem"))) !=
              body.at("certificateId"));
    }
    SECTION("not JSON") {
        running.fault({{"kind", "not-json"}, {"count", 1}});
        station->publish(csr_topic, running.csr_request().dump());
        CHECK_FALSE(json::accept(station->wait_message()->payload));
    }
    SECTION("extra fields") {
        running.fault({{"kind", "extra-fields"}, {"count", 1}});
        CHECK(csr().body.contains("newField"));
    }
    SECTION("hook denial for one serial") {
        running.fault({{"kind", "hook-denial"}, {"serial", "SN1"}});
        CHECK_THROWS_WITH(provision(*station, *running.key, "SN1"), Catch::Contains("403"));
        CHECK(provision(*station, *running.key, "SN2").thing == "fleetline-SN2");
    }
    SECTION("removed") {
        running.fault({{"kind", "reject"}});
        CHECK_FALSE(csr().accepted);
        running.no_faults();
        CHECK(csr().accepted);
    }
}

TEST_CASE("A disconnect comes at the step it is asked for") {
    running_cloud running;
    const auto station = running.station();
    const std::string step = GENERATE(as<std::string>{}, "before-puback", "after-puback", "after-answer");
    INFO(step);
    running.fault({{"kind", "disconnect"}, {"step", step}, {"count", 1}});
    const int id = station->publish(csr_topic, running.csr_request().dump());
    CHECK(station->wait_disconnected());
    CHECK(station->wait_published(id) == (step != "before-puback"));
    CHECK(station->wait_message(1).has_value() == (step == "after-answer"));
    cloud::registry known{running.folder.path() / "registry.db"};
    std::size_t made = 0;
    for (const auto& row : known.certificates({})) made += row.origin == "csr" ? 1U : 0U;
    CHECK(made == (step == "before-puback" ? 0U : 1U));
}

TEST_CASE("In an outage nobody gets in, and afterwards everything is as before") {
    const bool with_proxy = GENERATE(false, true);
    running_cloud running(with_proxy ? std::vector<std::string>{"--rtt", "2"} : std::vector<std::string>{});
    const auto station = running.station();
    const provisioned board = provision(*station, *running.key, "SN1");
    running.fault({{"kind", "outage"}});
    CHECK(station->wait_disconnected());
    mqtt_client meanwhile{"station-1", claim_of(running.program)};
    CHECK_FALSE(meanwhile.connect(running.program.mqtt_port()));
    running.no_faults();
    CHECK(running.device(board)->connect(running.program.mqtt_port()));
}

TEST_CASE("A frozen cloud answers nothing until it thaws") {
    running_cloud running;
    const auto station = running.station();
    running.fault({{"kind", "outage"}, {"mode", "freeze"}});
    station->publish(csr_topic, running.csr_request().dump());
    CHECK_FALSE(station->wait_message(short_while_ms));
    running.no_faults();
    CHECK(station->wait_message());
}

TEST_CASE("The line takes the round trip it is told to") {
    running_cloud running({"--rtt", "80"});
    const auto station = running.station();
    const auto began = clock_type::now();
    CHECK(ask(*station, csr_topic, running.csr_request()).accepted);
    const auto took = clock_type::now() - began;
    CHECK(took >= std::chrono::milliseconds{80});
    CHECK(took < std::chrono::milliseconds{800});
}

TEST_CASE("A killed cloud takes its broker with it") {
    running_cloud running;
    const auto station = running.station();
    CHECK(running.program.stop(SIGKILL) == -SIGKILL);
    CHECK(station->wait_disconnected());
}
