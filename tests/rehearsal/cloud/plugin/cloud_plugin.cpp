// SPDX-License-Identifier: Apache-2.0
#include "plugin/cloud_plugin.hpp"

#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/refusal.hpp"
#include "core/text.hpp"

namespace fleetline::rehearsal {
namespace {

constexpr std::size_t worker_threads = 16;  // most of them for hooks, which may take five seconds each
constexpr auto purge_interval = std::chrono::seconds{1};
constexpr std::size_t max_client_id = 128;
constexpr const char* private_topics = "$rehearsal";
constexpr const char* consumed_topic = "$rehearsal/consumed";

std::string text(const char* pointer) {
    return pointer == nullptr ? std::string{} : std::string{pointer};
}

// A consumed message goes on to a topic nobody can subscribe to, so that the broker acknowledges it and no
// more.
void consume(mosquitto_evt_message& event) {
    char* const nowhere = mosquitto_strdup(consumed_topic);
    if (nowhere == nullptr) return;
    mosquitto_free(event.topic);
    event.topic = nowhere;
    event.retain = false;
}

std::string connect_problem(const std::string& client_id) {
    if (client_id.empty()) return "no client id";
    if (client_id.size() > max_client_id) return "client id longer than 128 bytes";
    return client_id.starts_with("$") ? "client id starts with $" : "";
}

}  // namespace

cloud_plugin::cloud_plugin(const settings& chosen)
    : settings_(chosen),
      authority_(chosen.folder),
      broker_view_(chosen.folder / "registry.db"),
      worker_view_(chosen.folder / "registry.db"),
      hooks_(chosen.folder / "functions"),
      provisioning_(worker_view_, authority_, {chosen.token_lifetime_s},
                    [this](const function_record& function, const nlohmann::json& event) {
                        return hooks_.ask(function, event);
                    }),
      access_(broker_view_),
      faults_(broker_view_),
      limits_(read_limits(broker_view_)),
      workers_(worker_threads) {}

void cloud_plugin::log(const std::string& line) {
    mosquitto_log_printf(MOSQ_LOG_NOTICE, "cloud: %s", line.c_str());
}

int cloud_plugin::refuse(mosquitto_evt_basic_auth& event, const std::string& why) {
    log("connection of " + text(mosquitto_client_id(event.client)) + " refused: " + why);
    // MQTT 5 hears 0x87; to 3.1.1 AWS just closes.
    return mosquitto_client_protocol_version(event.client) == 5 ? MOSQ_ERR_AUTH : MOSQ_ERR_UNKNOWN;
}

int cloud_plugin::on_connect(mosquitto_evt_basic_auth& event) {
    const x509_ptr certificate{static_cast<X509*>(mosquitto_client_certificate(event.client))};
    if (certificate == nullptr) return refuse(event, "no certificate");
    const std::string client_id = text(mosquitto_client_id(event.client));
    const std::string address = text(mosquitto_client_address(event.client));
    if (const std::string problem = connect_problem(client_id); !problem.empty())
        return refuse(event, problem);
    principal who = access::identify(client_id, address, *certificate);
    const std::string status = access_.status(who.certificate_id);
    if (status != "ACTIVE") {
        return refuse(event,
                      "certificate " + who.certificate_id + " is " + (status.empty() ? "not known" : status));
    }
    const bool persistent = !mosquitto_client_clean_session(event.client);
    who.variables["iot:ConnectAttributes"] = persistent ? "PersistentConnect" : "";
    if (!access_.allows(who, "iot:Connect", "client/" + client_id)) {
        return refuse(event, "its policies do not allow iot:Connect as this client id");
    }
    if (connects_too_soon(client_id)) return refuse(event, "more than one CONNECT in connect_interval_ms");
    session& fresh = sessions_.add(event.client, std::move(who));
    fresh.address = address;
    fresh.persistent = persistent;
    presence(fresh, true);
    return MOSQ_ERR_SUCCESS;
}

void cloud_plugin::look_at_limits() {
    if (access_.epoch() == limits_epoch_) return;
    limits_epoch_ = access_.epoch();
    limits_ = read_limits(broker_view_);
}

bool cloud_plugin::connects_too_soon(const std::string& client_id) {
    look_at_limits();
    if (limits_.connect_interval_ms <= 0) return false;
    const auto now = std::chrono::steady_clock::now();
    const auto interval = std::chrono::milliseconds{limits_.connect_interval_ms};
    std::erase_if(last_connect_, [&](const auto& entry) { return now - entry.second >= interval; });
    return !last_connect_.try_emplace(client_id, now).second;
}

void cloud_plugin::on_disconnect(mosquitto_evt_disconnect& event) {
    if (const session* gone = sessions_.close(event.client)) presence(*gone, false);
}

int cloud_plugin::violation(session& from, const std::string& why) {
    log(from.who.client_id + " disconnected: " + why);
    from.closed_because = "CLIENT_ERROR";
    return MOSQ_ERR_AUTH;
}

int cloud_plugin::on_access(mosquitto_evt_acl_check& event) {
    session* const from = sessions_.find(event.client);
    if (from == nullptr) return MOSQ_ERR_ACL_DENIED;
    look_at_limits();
    const std::string topic = text(event.topic);
    switch (event.access) {
        case MOSQ_ACL_READ:
            return access_.allows(from->who, "iot:Receive", "topic/" + topic) ? MOSQ_ERR_SUCCESS
                                                                              : MOSQ_ERR_ACL_DENIED;
        case MOSQ_ACL_WRITE:
            return on_publish(*from, event);
        case MOSQ_ACL_SUBSCRIBE:
            return on_subscribe(*from, event);
        case MOSQ_ACL_UNSUBSCRIBE:
            from->filters.erase(topic);
            return MOSQ_ERR_SUCCESS;
        default:
            return MOSQ_ERR_ACL_DENIED;
    }
}

int cloud_plugin::on_publish(session& from, const mosquitto_evt_acl_check& event) {
    const std::string topic = text(event.topic);
    const auto over = [](std::int64_t limit, std::int64_t value) { return limit > 0 && value > limit; };
    if (over(limits_.payload_bytes, event.payloadlen)) return violation(from, "payload too large");
    if (over(limits_.topic_bytes, static_cast<std::int64_t>(topic.size())) ||
        over(limits_.topic_slashes, std::count(topic.begin(), topic.end(), '/'))) {
        return violation(from, "topic too long");
    }
    if (event.qos > 1) return violation(from, "QoS 2 is not supported");
    const bool reserved = topic.starts_with("$");
    if (reserved && event.retain) return violation(from, "RETAIN on a reserved topic");
    if (reserved && !request_on(topic)) return violation(from, "publish to the reserved topic " + topic);
    if (!access_.allows(from.who, "iot:Publish", "topic/" + topic)) {
        return violation(from, "its policies do not allow iot:Publish to " + topic);
    }
    if (event.retain && !access_.allows(from.who, "iot:RetainPublish", "topic/" + topic)) {
        return violation(from, "its policies do not allow iot:RetainPublish to " + topic);
    }
    return MOSQ_ERR_SUCCESS;
}

int cloud_plugin::on_subscribe(session& from, const mosquitto_evt_acl_check& event) {
    const std::string filter = text(event.topic);
    // The broker does not show where a SUBSCRIBE packet ends; filters that come in one turn of its loop count
    // as one.
    from.burst_filters = from.burst_turn == turn_ ? from.burst_filters + 1 : 1;
    from.burst_turn = turn_;
    const auto over = [](std::int64_t limit, std::int64_t value) { return limit > 0 && value > limit; };
    if (over(limits_.filters_per_subscribe, from.burst_filters))
        return violation(from, "too many filters in a SUBSCRIBE");
    if (filter.starts_with(private_topics) ||
        !access_.allows(from.who, "iot:Subscribe", "topicfilter/" + filter)) {
        const std::string why = "its policies do not allow iot:Subscribe to " + filter;
        if (limits_.denied_subscribe_disconnects != 0) return violation(from, why);
        log(from.who.client_id + " denied: " + why);
        return MOSQ_ERR_ACL_DENIED;
    }
    if (over(limits_.subscriptions, static_cast<std::int64_t>(from.filters.size()) + 1) &&
        !from.filters.contains(filter)) {
        log(from.who.client_id + " denied: too many subscriptions");
        return MOSQ_ERR_ACL_DENIED;
    }
    from.filters.insert(filter);
    return MOSQ_ERR_SUCCESS;
}

bool cloud_plugin::publish_rate_exceeded(session& from) {
    const auto now = std::chrono::steady_clock::now();
    if (now - from.second_began >= std::chrono::seconds{1}) {
        from.second_began = now;
        from.messages_this_second = 0;
    }
    ++from.messages_this_second;
    return limits_.publishes_per_second > 0 && from.messages_this_second > limits_.publishes_per_second;
}

int cloud_plugin::on_message(mosquitto_evt_message& event) {
    session* const from = sessions_.find(event.client);
    if (from == nullptr) return MOSQ_ERR_ACL_DENIED;
    std::optional<device_request> request = request_on(text(event.topic));
    if (publish_rate_exceeded(*from)) {
        log(from->who.client_id + ": publish discarded, more than " +
            std::to_string(limits_.publishes_per_second) +
            " messages in a second (limit publishes_per_second)");
        consume(event);
        return MOSQ_ERR_SUCCESS;
    }
    if (!request) return MOSQ_ERR_SUCCESS;
    request->payload.assign(static_cast<const char*>(event.payload), event.payloadlen);
    request->client_id = from->who.client_id;
    request->claim_id = from->who.certificate_id;
    const fault_effects faults = faults_.effects_on(*request);
    if (faults.step == disconnect_step::before_puback) return violation(*from, "fault before PUBACK");
    consume(event);
    take(*from, std::move(*request), faults);
    return MOSQ_ERR_SUCCESS;
}

void cloud_plugin::kick(session& whom, const std::string& why) {
    log(whom.who.client_id + " disconnected: " + why);
    whom.closed_because = "SERVER_INITIATED_DISCONNECT";
    const std::string client_id = whom.who.client_id;
    mosquitto_kick_client_by_clientid(client_id.c_str(), true);
}

void cloud_plugin::on_turn() {
    ++turn_;
    sessions_.forget_closed();
    for (const outgoing& one : outbox_.take_due()) deliver(one);
    if (access_.epoch() != checked_epoch_) {
        checked_epoch_ = access_.epoch();
        drop_deactivated();
    }
    access_.look_again();
    const auto now = std::chrono::steady_clock::now();
    if (now - purged_at_ < purge_interval) return;
    purged_at_ = now;
    workers_.run([this] {
        try {
            provisioning_.purge();
        } catch (const std::exception&) {  // the registry is busy; the next second will do
        }
    });
}

void cloud_plugin::drop_deactivated() {
    std::vector<const mosquitto*> inactive;
    for (const auto& [handle, one] : sessions_.all()) {
        if (one.open && access_.status(one.who.certificate_id) != "ACTIVE") inactive.push_back(handle);
    }
    for (const mosquitto* handle : inactive)
        kick(*sessions_.find(handle), "its certificate is no longer ACTIVE");
}

void cloud_plugin::presence(const session& whose, bool connected) {
    const std::string kind = connected ? "connected" : "disconnected";
    nlohmann::json event = {{"clientId", whose.who.client_id},
                            {"timestamp", wall_clock_ms()},
                            {"eventType", kind},
                            {"sessionIdentifier", whose.session_id},
                            {"principalIdentifier", whose.who.certificate_id},
                            {"versionNumber", 0}};
    if (connected) {
        event["ipAddress"] = whose.address;
    } else {
        event["clientInitiatedDisconnect"] = whose.closed_because.empty();
        event["disconnectReason"] =
            whose.closed_because.empty() ? "CLIENT_INITIATED_DISCONNECT" : whose.closed_because;
    }
    const std::string body = event.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    const std::string topic = "$aws/events/presence/" + kind + "/" + whose.who.client_id;
    mosquitto_broker_publish_copy(nullptr, topic.c_str(), static_cast<int>(body.size()), body.data(), 1,
                                  false, nullptr);
}

}  // namespace fleetline::rehearsal
