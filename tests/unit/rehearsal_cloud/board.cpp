// SPDX-License-Identifier: Apache-2.0
#include "board.hpp"

#include <openssl/bio.h>
#include <openssl/pem.h>

#include <fstream>
#include <memory>
#include <stdexcept>

namespace rehearsal_test {

namespace cloud = fleetline::rehearsal;

std::string csr_for(EVP_PKEY& key, const std::string& common_name) {
    const cloud::x509_req_ptr request{X509_REQ_new()};
    X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request.get()), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(common_name.data()),
                               static_cast<int>(common_name.size()), -1, 0);
    X509_REQ_set_pubkey(request.get(), &key);
    X509_REQ_sign(request.get(), &key, EVP_sha256());
    const std::unique_ptr<BIO, cloud::frees<BIO_free_all>> bio{BIO_new(BIO_s_mem())};
    PEM_write_bio_X509_REQ(bio.get(), request.get());
    char* data = nullptr;
    const long length = BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<std::size_t>(length)};
}

mqtt_client::credentials claim_of(const cloud_program& cloud) {
    return {cloud.file("ca.pem"), cloud.file("claim.pem"), cloud.file("claim.key")};
}

reply ask(mqtt_client& station, const std::string& topic, const std::string& payload) {
    station.publish(topic, payload);
    const auto answer = station.wait_message();
    if (!answer) throw std::runtime_error("no answer on " + topic);
    if (answer->topic != topic + "/accepted" && answer->topic != topic + "/rejected") {
        throw std::runtime_error("answer on " + answer->topic + " to a request on " + topic);
    }
    return {answer->topic.ends_with("/accepted"), nlohmann::json::parse(answer->payload)};
}

reply ask(mqtt_client& station, const std::string& topic, const nlohmann::json& payload) {
    return ask(station, topic, payload.dump());
}

void subscribe_to_answers(mqtt_client& station) {
    station.subscribe({csr_topic + "/accepted", csr_topic + "/rejected", register_topic + "/accepted",
                       register_topic + "/rejected"});
}

provisioned provision(mqtt_client& station, EVP_PKEY& key, const std::string& serial) {
    const reply issued =
        ask(station, csr_topic, nlohmann::json{{"certificateSigningRequest", csr_for(key, serial)}});
    if (!issued.accepted) throw std::runtime_error("no certificate: " + issued.body.dump());
    const std::string token = issued.body.at("certificateOwnershipToken");
    const reply registered =
        ask(station, register_topic,
            nlohmann::json{{"certificateOwnershipToken", token}, {"parameters", {{"SerialNumber", serial}}}});
    if (!registered.accepted) throw std::runtime_error("not registered: " + registered.body.dump());
    return {issued.body.at("certificateId"), issued.body.at("certificatePem"),
            registered.body.at("thingName"), token, registered.body.at("deviceConfiguration")};
}

void write_credentials(const std::filesystem::path& folder, const std::string& name,
                       const std::string& certificate, const EVP_PKEY& key) {
    std::ofstream(folder / (name + ".pem")) << certificate;
    std::ofstream(folder / (name + ".key")) << cloud::private_pem(key);
}

}  // namespace rehearsal_test
