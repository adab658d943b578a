// SPDX-License-Identifier: Apache-2.0
// The whole program: broker, plugin and registry, spoken to by a real MQTT client.
#include <SQLiteCpp/SQLiteCpp.h>
#include <openssl/x509.h>

#include <catch2/catch.hpp>
#include <csignal>

#include "board.hpp"

using namespace rehearsal_test;
namespace cloud = fleetline::rehearsal;
using nlohmann::json;

namespace {

std::string one_text(const cloud_program& program, const std::string& sql) {
    SQLite::Database db(program.file("registry.db"), SQLite::OPEN_READONLY);
    return db.execAndGet(sql).getString();
}

}  // namespace

TEST_CASE("A board gets a certificate and a thing, and connects as itself") {
    const scratch_folder folder;
    const cloud_program program{folder.path()};
    mqtt_client station{"station-1", claim_of(program)};
    REQUIRE(station.connect(program.mqtt_port()));
    subscribe_to_answers(station);
    const cloud::key_ptr key = cloud::make_p256_key();
    const provisioned board = provision(station, *key, "SN0001");

    CHECK(board.thing == "fleetline-SN0001");
    CHECK(board.device_configuration.at("serialNumber") == "SN0001");
    CHECK(one_text(program, "SELECT status FROM certificate WHERE id = '" + board.id + "'") == "ACTIVE");
    CHECK(one_text(program, "SELECT thing FROM attachment WHERE certificate_id = '" + board.id + "'") ==
          board.thing);

    write_credentials(folder.path(), "board", board.pem, *key);
    mqtt_client device{board.thing,
                       {program.file("ca.pem"), program.file("board.pem"), program.file("board.key")}};
    REQUIRE(device.connect(program.mqtt_port()));
    CHECK(device.wait_published(device.publish(board.thing + "/hello", "first words")));
    CHECK(device.connected());
}

TEST_CASE("A client that steps outside its policy is disconnected") {
    const scratch_folder folder;
    const cloud_program program{folder.path()};
    mqtt_client station{"station-1", claim_of(program)};
    REQUIRE(station.connect(program.mqtt_port()));
    const int id = station.publish("somewhere/else", "x");
    CHECK(station.wait_disconnected());
    CHECK_FALSE(station.wait_published(id));
}

TEST_CASE("The registry, the CA and the claim survive a restart") {
    const scratch_folder folder;
    const cloud::key_ptr key = cloud::make_p256_key();
    provisioned board;
    {
        cloud_program program{folder.path()};
        mqtt_client station{"station-1", claim_of(program)};
        REQUIRE(station.connect(program.mqtt_port()));
        subscribe_to_answers(station);
        board = provision(station, *key, "SN0002");
        CHECK(program.stop(SIGTERM) == 0);
    }
    const cloud_program program{folder.path()};
    write_credentials(folder.path(), "board", board.pem, *key);
    mqtt_client device{board.thing,
                       {program.file("ca.pem"), program.file("board.pem"), program.file("board.key")}};
    CHECK(device.connect(program.mqtt_port()));
    mqtt_client station{"station-1", claim_of(program)};
    CHECK(station.connect(program.mqtt_port()));
}
