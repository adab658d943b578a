// SPDX-License-Identifier: Apache-2.0
// The rehearsal cloud inside the broker: judges connections, publishes and subscriptions as AWS IoT Core
// does, takes the provisioning requests out of the stream and brings their answers back to the one session
// that asked. All members are called on the broker's thread; the workers touch nothing but the outbox and the
// provisioning.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "core/authority.hpp"
#include "core/hook.hpp"
#include "core/limits.hpp"
#include "core/provisioning.hpp"
#include "core/registry.hpp"
#include "plugin/access.hpp"
#include "plugin/fault_desk.hpp"
#include "plugin/outbox.hpp"
#include "plugin/sessions.hpp"
#include "plugin/workers.hpp"

struct mosquitto_evt_basic_auth;
struct mosquitto_evt_acl_check;
struct mosquitto_evt_message;
struct mosquitto_evt_disconnect;

namespace fleetline::rehearsal {

class cloud_plugin {
  public:
    struct settings {
        std::filesystem::path folder;
        std::int64_t token_lifetime_s = 3600;
    };
    explicit cloud_plugin(const settings& chosen);

    // Each returns what the broker wants to hear: MOSQ_ERR_SUCCESS, MOSQ_ERR_ACL_DENIED, or another error,
    // which makes it close the connection.
    int on_connect(mosquitto_evt_basic_auth& event);
    int on_access(mosquitto_evt_acl_check& event);
    int on_message(mosquitto_evt_message& event);
    void on_turn();  // once each turn of the broker's loop, at least every 100 ms
    void on_disconnect(mosquitto_evt_disconnect& event);

  private:
    static void log(const std::string& line);  // the broker's thread only
    int refuse(mosquitto_evt_basic_auth& event, const std::string& why);
    int violation(session& from, const std::string& why);
    int on_publish(session& from, const mosquitto_evt_acl_check& event);
    int on_subscribe(session& from, const mosquitto_evt_acl_check& event);
    bool publish_rate_exceeded(session& from);
    bool connects_too_soon(const std::string& client_id);
    void look_at_limits();
    void take(session& from, device_request request, const fault_effects& faults);
    outgoing answer_to(const device_request& request, const fault_effects& faults);
    void hand_back(outgoing answer, const fault_effects& faults);
    void deliver(const outgoing& one);
    void kick(session& whom, const std::string& why);
    void drop_deactivated();
    void presence(const session& whose, bool connected);

    settings settings_;
    authority authority_;
    registry broker_view_;  // of the broker's thread
    registry worker_view_;  // of the workers, under provisioning's mutex
    hook_runner hooks_;
    provisioning provisioning_;
    access access_;
    fault_desk faults_;
    limits limits_;
    sessions sessions_;
    outbox outbox_;
    std::unordered_map<std::string, std::chrono::steady_clock::time_point> last_connect_;  // by client id
    std::int64_t turn_ = 0;
    std::int64_t checked_epoch_ = -1;
    std::int64_t limits_epoch_ = -1;
    std::chrono::steady_clock::time_point purged_at_;
    workers workers_;  // last: its threads use all of the above
};

}  // namespace fleetline::rehearsal
