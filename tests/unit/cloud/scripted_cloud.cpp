// SPDX-License-Identifier: Apache-2.0
#include "scripted_cloud.hpp"

#include <mosquitto.h>
#include <openssl/evp.h>

#include <future>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace fleetline::tests {

using nlohmann::json;

struct scripted_cloud::parts {
    script answers;
    mosquitto* client = nullptr;
    std::promise<void> subscribed;

    static void connected(mosquitto* client, void*, int) {
        mosquitto_subscribe(client, nullptr, "$aws/#", 1);
    }
    static void granted(mosquitto*, void* self, int, int, const int*) {
        try {
            static_cast<parts*>(self)->subscribed.set_value();
        } catch (const std::future_error&) {
            // Again, after the broker came back.
        }
    }
    static void received(mosquitto*, void* self, const mosquitto_message* got) {
        message request{got->topic,
                        {static_cast<const char*>(got->payload), static_cast<std::size_t>(got->payloadlen)}};
        if (request.topic.ends_with("/accepted") || request.topic.ends_with("/rejected")) return;
        for (const auto& answer : static_cast<parts*>(self)->answers(request)) {
            static_cast<parts*>(self)->publish(answer);
        }
    }
    void publish(const message& sent) {
        mosquitto_publish(client, nullptr, sent.topic.c_str(), static_cast<int>(sent.payload.size()),
                          sent.payload.data(), 1, false);
    }
};

scripted_cloud::scripted_cloud(std::uint16_t port, script answers) : parts_(std::make_unique<parts>()) {
    mosquitto_lib_init();
    parts_->answers = std::move(answers);
    parts_->client = mosquitto_new(nullptr, true, parts_.get());
    mosquitto_connect_callback_set(parts_->client, parts::connected);
    mosquitto_subscribe_callback_set(parts_->client, parts::granted);
    mosquitto_message_callback_set(parts_->client, parts::received);
    mosquitto_int_option(parts_->client, MOSQ_OPT_TCP_NODELAY, 1);
    mosquitto_max_inflight_messages_set(parts_->client, 0);
    mosquitto_reconnect_delay_set(parts_->client, 1, 1, false);
    if (mosquitto_connect(parts_->client, "127.0.0.1", port, 60) != MOSQ_ERR_SUCCESS) {
        throw std::runtime_error("the scripted cloud cannot connect");
    }
    mosquitto_loop_start(parts_->client);
    if (parts_->subscribed.get_future().wait_for(std::chrono::seconds{10}) != std::future_status::ready) {
        throw std::runtime_error("the scripted cloud cannot subscribe");
    }
}

scripted_cloud::~scripted_cloud() {
    mosquitto_disconnect(parts_->client);
    mosquitto_loop_stop(parts_->client, true);
    mosquitto_destroy(parts_->client);
}

void scripted_cloud::publish(const message& sent) {
    parts_->publish(sent);
}

bool is_create(const message& request) {
    return request.topic.starts_with("$aws/certificates/create-from-csr/");
}

namespace {

bool is_json(const message& request) {
    return request.topic.ends_with("/json");
}

json body_of(const message& request) {
    return is_json(request) ? json::parse(request.payload) : json::from_cbor(request.payload);
}

std::string written(const message& request, const json& body) {
    if (is_json(request)) return body.dump();
    std::string bytes;
    json::to_cbor(body, bytes);
    return bytes;
}

json certificate_body(const std::string& pem, const std::string& id) {
    json body;
    body["certificateId"] = id;
    body["certificatePem"] = pem;
    body["certificateOwnershipToken"] = "token-of-" + id;
    return body;
}

}  // namespace

std::string serial_in(const message& request) {
    return body_of(request).at("parameters").at("SerialNumber").get<std::string>();
}

std::string csr_in(const message& request) {
    return body_of(request).at("certificateSigningRequest").get<std::string>();
}

std::string certificate_payload(const std::string& pem, const std::string& id) {
    return certificate_body(pem, id).dump();
}

honest_answers::honest_answers() : key_(make_key().release(), EVP_PKEY_free) {}

message honest_answers::create(const message& request) const {
    const auto pem = sign_csr(csr_in(request), key_.get());
    return {request.topic + "/accepted", written(request, certificate_body(pem, sha256_of_certificate(pem)))};
}

message honest_answers::register_thing(const message& request, const std::string& certificate) {
    const auto serial = serial_in(request);
    json body;
    body["thingName"] = "board-" + serial;
    body["deviceConfiguration"]["serial"] = serial;
    body["deviceConfiguration"]["colour"] = "green";
    if (!certificate.empty()) body["deviceConfiguration"]["certificate"] = certificate;
    return {request.topic + "/accepted", written(request, body)};
}

message honest_answers::reject(const message& request, int status, const std::string& error,
                               const std::string& words) {
    json body;
    body["statusCode"] = status;
    body["errorCode"] = error;
    body["errorMessage"] = words;
    return {request.topic + "/rejected", written(request, body)};
}

std::vector<message> honest_answers::operator()(const message& request) const {
    return {is_create(request) ? create(request) : register_thing(request)};
}

}  // namespace fleetline::tests
