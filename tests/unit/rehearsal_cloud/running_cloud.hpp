// SPDX-License-Identifier: Apache-2.0
// Test support: a running cloud with a station connected, which is how most cases begin.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>

#include "board.hpp"
#include "cloud_program.hpp"
#include "http_client.hpp"
#include "mqtt_client.hpp"

namespace rehearsal_test {

struct running_cloud {
    scratch_folder folder;
    cloud_program program;
    fleetline::rehearsal::key_ptr key = fleetline::rehearsal::make_p256_key();

    explicit running_cloud(const std::vector<std::string>& arguments = {})
        : program(folder.path(), arguments) {}

    // Connected and subscribed to its answers.
    std::unique_ptr<mqtt_client> station(const std::string& id = "station-1", int version = 4) {
        auto client = std::make_unique<mqtt_client>(id, claim_of(program), version);
        if (!client->connect(program.mqtt_port()))
            throw std::runtime_error("the station is refused: " + program.log());
        subscribe_to_answers(*client);
        return client;
    }
    std::unique_ptr<mqtt_client> device(const provisioned& board, int version = 4) {
        write_credentials(folder.path(), board.thing, board.pem, *key);
        return std::make_unique<mqtt_client>(board.thing, credentials(board.thing), version);
    }
    mqtt_client::credentials credentials(const std::string& name) const {
        return {program.file("ca.pem"), program.file(name + ".pem"), program.file(name + ".key")};
    }
    // Returns its id.
    std::int64_t fault(const nlohmann::json& fault) {
        const http_answer answer = http("POST", program.http_url() + "/rehearsal/faults", fault.dump());
        if (answer.status != 201) throw std::runtime_error("fault refused: " + answer.body);
        return nlohmann::json::parse(answer.body).at("id");
    }
    void no_faults() { http("DELETE", program.http_url() + "/rehearsal/faults"); }
    void limit(const std::string& name, std::int64_t value) {
        http("PUT", program.http_url() + "/rehearsal/limits", nlohmann::json{{name, value}}.dump());
    }
    nlohmann::json csr_request(const std::string& name = "SN1") const {
        return {{"certificateSigningRequest", csr_for(*key, name)}};
    }
};

}  // namespace rehearsal_test
