// SPDX-License-Identifier: Apache-2.0
// Test support: what a board would bring (key, CSR), and a station's talk with the cloud.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "cloud_program.hpp"
#include "core/authority.hpp"
#include "mqtt_client.hpp"

namespace rehearsal_test {

std::string csr_for(EVP_PKEY& key, const std::string& common_name);
mqtt_client::credentials claim_of(const cloud_program& cloud);

inline const std::string csr_topic = "$aws/certificates/create-from-csr/json";
inline const std::string keys_topic = "$aws/certificates/create/json";
inline const std::string register_topic = "$aws/provisioning-templates/fleetline-rehearsal/provision/json";

struct reply {
    bool accepted = false;
    nlohmann::json body;
};

// Publishes and waits for the answer to that topic; throws std::runtime_error when there is none.
reply ask(mqtt_client& station, const std::string& topic, const std::string& payload);
reply ask(mqtt_client& station, const std::string& topic, const nlohmann::json& payload);
void subscribe_to_answers(mqtt_client& station);

struct provisioned {
    std::string id, pem, thing, token;
    nlohmann::json device_configuration;
};
provisioned provision(mqtt_client& station, EVP_PKEY& key, const std::string& serial);
void write_credentials(const std::filesystem::path& folder, const std::string& name,
                       const std::string& certificate, const EVP_PKEY& key);

}  // namespace rehearsal_test
