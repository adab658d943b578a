// SPDX-License-Identifier: Apache-2.0
#include "mqtt_client.hpp"

#include <mosquitto.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>

namespace rehearsal_test {
namespace {

constexpr int patience_ms = 10000;

mqtt_client& as_client(void* self) {
    return *static_cast<mqtt_client*>(self);
}

const struct library {
    library() { mosquitto_lib_init(); }
    ~library() { mosquitto_lib_cleanup(); }
} initialised;

}  // namespace

mqtt_client::mqtt_client(const std::string& client_id, const credentials& files, int version, bool clean)
    : handle_(mosquitto_new(client_id.c_str(), clean, this)) {
    if (handle_ == nullptr) throw std::runtime_error("no MQTT client");
    mosquitto_int_option(handle_, MOSQ_OPT_PROTOCOL_VERSION, version);
    mosquitto_int_option(handle_, MOSQ_OPT_TCP_NODELAY, 1);
    mosquitto_tls_set(handle_, files.ca.c_str(), nullptr,
                      files.certificate.empty() ? nullptr : files.certificate.c_str(),
                      files.key.empty() ? nullptr : files.key.c_str(), nullptr);
    mosquitto_connect_callback_set(handle_, on_connect);
    mosquitto_disconnect_callback_set(handle_, on_disconnect);
    mosquitto_subscribe_callback_set(handle_, on_subscribe);
    mosquitto_publish_callback_set(handle_, on_publish);
    mosquitto_message_callback_set(handle_, on_message);
}

mqtt_client::~mqtt_client() {
    mosquitto_disconnect(handle_);
    mosquitto_loop_stop(handle_, true);
    mosquitto_destroy(handle_);
}

template <class Condition>
bool mqtt_client::wait(int patience, Condition condition) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, std::chrono::milliseconds{patience}, condition);
}

bool mqtt_client::connect(std::uint16_t port) {
    if (mosquitto_connect(handle_, "localhost", port, 60) != MOSQ_ERR_SUCCESS) return false;
    mosquitto_loop_start(handle_);
    return wait(patience_ms, [this] { return connected_.has_value(); }) && *connected_;
}

std::vector<int> mqtt_client::subscribe(const std::vector<std::string>& filters) {
    std::vector<std::string> copies = filters;
    std::vector<char*> pointers;
    for (std::string& copy : copies) pointers.push_back(copy.data());
    {
        const std::lock_guard lock{mutex_};
        granted_.reset();
    }
    mosquitto_subscribe_multiple(handle_, nullptr, static_cast<int>(pointers.size()), pointers.data(), 1, 0,
                                 nullptr);
    wait(patience_ms, [this] { return granted_ || !connected_.value_or(false); });
    const std::lock_guard lock{mutex_};
    return granted_.value_or(std::vector<int>{});
}

int mqtt_client::publish(const std::string& topic, const std::string& payload, int qos, bool retain) {
    int id = 0;
    mosquitto_publish(handle_, &id, topic.c_str(), static_cast<int>(payload.size()), payload.data(), qos,
                      retain);
    return id;
}

bool mqtt_client::wait_published(int packet_id) {
    const auto done = [&] {
        return std::find(published_.begin(), published_.end(), packet_id) != published_.end();
    };
    wait(patience_ms, [&] { return done() || !connected_.value_or(false); });
    const std::lock_guard lock{mutex_};
    return done();
}

std::optional<message> mqtt_client::wait_message(int patience) {
    wait(patience, [this] { return !messages_.empty(); });
    const std::lock_guard lock{mutex_};
    if (messages_.empty()) return std::nullopt;
    message first = std::move(messages_.front());
    messages_.pop_front();
    return first;
}

bool mqtt_client::wait_disconnected(int patience) {
    return wait(patience, [this] { return connected_ == false; });
}

bool mqtt_client::connected() {
    const std::lock_guard lock{mutex_};
    return connected_.value_or(false);
}

void mqtt_client::disconnect() {
    mosquitto_disconnect(handle_);
}

void mqtt_client::on_connect(mosquitto*, void* self, int code) {
    mqtt_client& client = as_client(self);
    const std::lock_guard lock{client.mutex_};
    client.connack_ = code;
    client.connected_ = code == 0;
    client.changed_.notify_all();
}

void mqtt_client::on_disconnect(mosquitto* handle, void* self, int code) {
    mqtt_client& client = as_client(self);
    // The library would come back by itself after a second; a test wants to see that it went.
    if (code != 0) mosquitto_disconnect(handle);
    const std::lock_guard lock{client.mutex_};
    client.connected_ = false;
    client.changed_.notify_all();
}

void mqtt_client::on_subscribe(mosquitto*, void* self, int, int count, const int* codes) {
    mqtt_client& client = as_client(self);
    const std::lock_guard lock{client.mutex_};
    client.granted_ = std::vector<int>(codes, codes + count);
    client.changed_.notify_all();
}

void mqtt_client::on_publish(mosquitto*, void* self, int id) {
    mqtt_client& client = as_client(self);
    const std::lock_guard lock{client.mutex_};
    client.published_.push_back(id);
    client.changed_.notify_all();
}

void mqtt_client::on_message(mosquitto*, void* self, const mosquitto_message* one) {
    mqtt_client& client = as_client(self);
    const std::lock_guard lock{client.mutex_};
    client.messages_.push_back(
        {one->topic,
         {static_cast<const char*>(one->payload), static_cast<std::size_t>(one->payloadlen)},
         one->qos});
    client.changed_.notify_all();
}

}  // namespace rehearsal_test
