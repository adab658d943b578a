// SPDX-License-Identifier: Apache-2.0
// Who may connect and what they may do, at the running broker.
#include <catch2/catch.hpp>

#include "core/registry.hpp"
#include "running_cloud.hpp"

using namespace rehearsal_test;
namespace cloud = fleetline::rehearsal;
using nlohmann::json;

namespace {

cloud::registry registry_of(const running_cloud& running) {
    return cloud::registry{running.folder.path() / "registry.db"};
}

// A certificate of the cloud's own CA with a policy of its own, so that a test can give any rights.
mqtt_client::credentials principal_with(running_cloud& running, const std::string& name,
                                        const std::string& policy, const std::string& status = "ACTIVE") {
    const cloud::authority ca{running.folder.path()};
    const auto key = cloud::make_p256_key();
    const cloud::issued_certificate issued = ca.issue_for_key(*key, name);
    write_credentials(running.folder.path(), name, issued.pem, *key);
    auto known = registry_of(running);
    cloud::certificate_record row;
    row.id = issued.id;
    row.pem = issued.pem;
    row.status = status;
    row.origin = "rest-csr";
    known.add_certificate(row);
    known.add_policy(name, policy);
    known.attach_policy(name, "cert/" + issued.id);
    return running.credentials(name);
}

const std::string everything =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:*","Resource":"*"}]})";

}  // namespace

TEST_CASE("A certificate that is not ACTIVE cannot connect, in either version of MQTT") {
    running_cloud running;
    const std::string status = GENERATE(as<std::string>{}, "INACTIVE", "REVOKED", "PENDING_ACTIVATION");
    const int version = GENERATE(4, 5);
    mqtt_client client{"x", principal_with(running, "p", everything, status), version};
    CHECK_FALSE(client.connect(running.program.mqtt_port()));
}

TEST_CASE("A certificate the cloud does not know cannot connect, nor a client without one") {
    running_cloud running;
    const cloud::authority ca{running.folder.path()};
    const auto key = cloud::make_p256_key();
    write_credentials(running.folder.path(), "unknown", ca.issue_for_key(*key, "unknown").pem, *key);
    mqtt_client unknown{"x", running.credentials("unknown")};
    CHECK_FALSE(unknown.connect(running.program.mqtt_port()));
    mqtt_client bare{"x", {running.program.file("ca.pem"), "", ""}};
    CHECK_FALSE(bare.connect(running.program.mqtt_port()));
}

TEST_CASE("A certificate deactivated while its board is connected ends the connection") {
    running_cloud running;
    const auto station = running.station();
    const provisioned board = provision(*station, *running.key, "SN1");
    const auto device = running.device(board);
    REQUIRE(device->connect(running.program.mqtt_port()));
    registry_of(running).set_certificate_status(board.id, "INACTIVE");
    CHECK(device->wait_disconnected());
    const auto again = running.device(board);
    CHECK_FALSE(again->connect(running.program.mqtt_port()));
    registry_of(running).set_certificate_status(board.id, "ACTIVE");
    const auto later = running.device(board);
    CHECK(later->connect(running.program.mqtt_port()));
}

TEST_CASE("A board connects as its own thing only, and stays below its own name") {
    running_cloud running;
    const auto station = running.station();
    const provisioned board = provision(*station, *running.key, "SN1");
    provision(*station, *cloud::make_p256_key(), "SN2");
    write_credentials(running.folder.path(), "board", board.pem, *running.key);
    mqtt_client stranger{"fleetline-SN2", running.credentials("board")};
    CHECK_FALSE(stranger.connect(running.program.mqtt_port()));
    const auto device = running.device(board);
    REQUIRE(device->connect(running.program.mqtt_port()));
    CHECK(device->subscribe({"fleetline-SN1/+", "fleetline-SN2/+"}) == std::vector<int>{1, 128});
    CHECK(device->wait_published(device->publish("fleetline-SN1/a", "x")));
    CHECK(device->wait_message()->payload == "x");
    device->publish("fleetline-SN2/a", "x");
    CHECK(device->wait_disconnected());
}

TEST_CASE("A denied publish ends the connection and is never acknowledged, in either version of MQTT") {
    running_cloud running;
    const int version = GENERATE(4, 5);
    const auto station = running.station("station-1", version);
    const int id = station->publish("somewhere/else", "x");
    CHECK(station->wait_disconnected());
    CHECK_FALSE(station->wait_published(id));
}

TEST_CASE("A denied subscription fails in its SUBACK, or ends the connection where that is switched on") {
    running_cloud running;
    const int version = GENERATE(4, 5);
    const auto station = running.station("station-1", version);
    CHECK(station->subscribe({"somewhere/else"}) == std::vector<int>{version == 5 ? 135 : 128});
    CHECK(station->connected());
    running.limit("denied_subscribe_disconnects", 1);
    station->subscribe({"somewhere/else"});
    CHECK(station->wait_disconnected());
}

TEST_CASE("A second session with the same client id takes over") {
    running_cloud running;
    const auto first = running.station("station-1");
    const auto second = running.station("station-1");
    CHECK(first->wait_disconnected());
    CHECK(ask(*second, csr_topic, running.csr_request()).accepted);
}

TEST_CASE("A policy attached or taken away counts at once") {
    running_cloud running;
    mqtt_client client{"x", principal_with(running, "p", everything)};
    REQUIRE(client.connect(running.program.mqtt_port()));
    CHECK(client.wait_published(client.publish("a/b", "x")));
    auto known = registry_of(running);
    known.detach_policy("p", known.targets_of("p").at(0));
    client.publish("a/b", "x");
    CHECK(client.wait_disconnected());
}

TEST_CASE("Messages reach only those whose policies allow to receive them") {
    running_cloud running;
    const std::string no_receive =
        R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:*","Resource":"*"},
           {"Effect":"Deny","Action":"iot:Receive","Resource":"arn:aws:iot:*:*:topic/secret/*"}]})";
    mqtt_client deaf{"deaf", principal_with(running, "deaf", no_receive)};
    mqtt_client other{"other", principal_with(running, "other", everything)};
    REQUIRE(deaf.connect(running.program.mqtt_port()));
    REQUIRE(other.connect(running.program.mqtt_port()));
    REQUIRE(deaf.subscribe({"#"}) == std::vector<int>{1});
    other.publish("secret/1", "x");
    other.publish("open/1", "y");
    CHECK(deaf.wait_message()->topic == "open/1");
}

TEST_CASE("Reserved topics take requests and nothing else, whatever a policy says") {
    running_cloud running;
    const auto files = principal_with(running, "p", everything);
    const std::string topic = GENERATE(as<std::string>{}, "$aws/certificates/create-from-csr/json/accepted",
                                       "$aws/things/x/shadow/update", "$aws/events/presence/connected/x");
    mqtt_client client{"x", files};
    REQUIRE(client.connect(running.program.mqtt_port()));
    client.publish(topic, "{}");
    CHECK(client.wait_disconnected());
}

TEST_CASE("Presence events reach those whose policy allows") {
    running_cloud running;
    mqtt_client watcher{"watcher", principal_with(running, "w", everything)};
    REQUIRE(watcher.connect(running.program.mqtt_port()));
    REQUIRE(watcher.subscribe({"$aws/events/presence/+/station-1"}) == std::vector<int>{1});
    {
        const auto station = running.station();
        const json event = json::parse(watcher.wait_message()->payload);
        CHECK(event.at("eventType") == "connected");
        CHECK(event.at("clientId") == "station-1");
        station->publish("not/allowed", "x");
        CHECK(station->wait_disconnected());
    }
    const auto gone = watcher.wait_message();
    REQUIRE(gone);
    CHECK(gone->topic == "$aws/events/presence/disconnected/station-1");
    CHECK(json::parse(gone->payload).at("clientInitiatedDisconnect") == false);
}

TEST_CASE("AWS's limits hold, and can be moved while the cloud runs") {
    running_cloud running;
    const auto files = principal_with(running, "p", everything);
    mqtt_client client{"x", files};
    REQUIRE(client.connect(running.program.mqtt_port()));
    SECTION("payload") {
        CHECK(client.wait_published(client.publish("a", std::string(131072, 'x'))));
        client.publish("a", std::string(131073, 'x'));
        CHECK(client.wait_disconnected());
    }
    SECTION("topic") {
        CHECK(client.wait_published(client.publish("1/2/3/4/5/6/7/8", "")));
        client.publish("1/2/3/4/5/6/7/8/9", "");
        CHECK(client.wait_disconnected());
    }
    SECTION("filters in a SUBSCRIBE") {
        CHECK(client.subscribe({"1", "2", "3", "4", "5", "6", "7", "8"}).size() == 8);
        CHECK(client.subscribe({"1", "2", "3", "4", "5", "6", "7", "8", "9"}).empty());
        CHECK(client.wait_disconnected());
    }
    SECTION("subscriptions") {
        for (int i = 0; i < 50; ++i)
            REQUIRE(client.subscribe({"t" + std::to_string(i)}) == std::vector<int>{1});
        CHECK(client.subscribe({"t50"}) == std::vector<int>{128});
        CHECK(client.subscribe({"t49"}) == std::vector<int>{1});
    }
    SECTION("QoS 2") {
        client.publish("a", "x", 2);
        CHECK(client.wait_disconnected());
    }
    SECTION("CONNECTs of one client id") {
        running.limit("connect_interval_ms", 60000);
        mqtt_client other{"y", files};
        CHECK(other.connect(running.program.mqtt_port()));
        mqtt_client too_soon{"y", files};
        CHECK_FALSE(too_soon.connect(running.program.mqtt_port()));
    }
    SECTION("RETAIN on a reserved topic") {
        client.publish("$aws/certificates/create/json", "", 1, true);
        CHECK(client.wait_disconnected());
    }
    SECTION("messages in a second, tightened") {
        running.limit("publishes_per_second", 3);
        REQUIRE(client.subscribe({"echo"}) == std::vector<int>{1});
        bool discarded = false;
        for (int i = 0; i < 20 && !discarded; ++i) {  // three in a second, so some of these
            client.wait_published(client.publish("echo", std::to_string(i)));
            discarded = !client.wait_message(200);
        }
        CHECK(discarded);
        CHECK(client.connected());
    }
}
