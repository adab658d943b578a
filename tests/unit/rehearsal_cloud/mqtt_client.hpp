// SPDX-License-Identifier: Apache-2.0
// Test support: an MQTT client over libmosquitto with its loop on a thread of its own, and waits with a
// deadline.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

struct mosquitto;
struct mosquitto_message;

namespace rehearsal_test {

struct message {
    std::string topic;
    std::string payload;
    int qos = 0;
};

class mqtt_client {
  public:
    struct credentials {
        std::string ca, certificate, key;  // files
    };
    mqtt_client(const std::string& client_id, const credentials& files, int version = 4, bool clean = true);
    ~mqtt_client();
    mqtt_client(const mqtt_client&) = delete;
    mqtt_client& operator=(const mqtt_client&) = delete;

    // True if the broker accepted the session; false if it refused or closed.
    bool connect(std::uint16_t port);
    // Reason codes of the SUBACK, one a filter; empty if the connection was closed instead.
    std::vector<int> subscribe(const std::vector<std::string>& filters);
    // Returns the packet id; does not wait.
    int publish(const std::string& topic, const std::string& payload, int qos = 1, bool retain = false);
    bool wait_published(int packet_id);
    std::optional<message> wait_message(int patience_ms = 10000);
    bool wait_disconnected(int patience_ms = 10000);
    bool connected();
    void disconnect();
    int connack() { return connack_; }

  private:
    static void on_connect(mosquitto*, void* self, int code);
    static void on_disconnect(mosquitto*, void* self, int code);
    static void on_subscribe(mosquitto*, void* self, int id, int count, const int* codes);
    static void on_publish(mosquitto*, void* self, int id);
    static void on_message(mosquitto*, void* self, const mosquitto_message* one);
    template <class Condition>
    bool wait(int patience_ms, Condition condition);

    mosquitto* handle_ = nullptr;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::optional<bool> connected_;
    int connack_ = -1;
    std::optional<std::vector<int>> granted_;
    std::vector<int> published_;
    std::deque<message> messages_;
};

}  // namespace rehearsal_test
