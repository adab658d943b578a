// SPDX-License-Identifier: Apache-2.0
// What the firmware's MQTT task does with a board that has everything it needs: it connects, and says so in
// the log.
#include <utility>

#include "board.hpp"

namespace fleetline::rehearsal_board {

namespace {

constexpr int most_tries = 5;
constexpr std::chrono::milliseconds first_pause{500};
constexpr const char* where = "mqtt_agent_task.c:702";

}  // namespace

void board::connect_when_provisioned() {
    if (settings_.faults.has("no-network")) return;
    request_.thing_name = store_->get("thing_name");
    request_.host = store_->get("mqtt_endpoint");
    request_.port = static_cast<int>(parse_number(store_->get("mqtt_port")) & 0xffff);
    request_.certificate_file = flash_.path(flash::certificate);
    request_.key_file = flash_.path(flash::private_key);
    request_.ca_file = flash_.has(flash::ca) ? flash_.path(flash::ca).string() : settings_.default_ca;
    if (request_.thing_name.empty() || request_.host.empty() || request_.ca_file.empty() ||
        !flash_.has(flash::certificate) || !flash_.has(flash::private_key))
        return;
    tries_ = 0;
    try_connect();
}

void board::try_connect() {
    ++tries_;
    log("INF", "MQTTAgent",
        "Connecting to the broker " + request_.host + ":" + std::to_string(request_.port) + " as " +
            request_.thing_name + ".",
        where);
    connecting_ = cloud_.start(request_, [this, alive = alive_](const connect_outcome& outcome) {
        if (*alive) connected(outcome);
    });
}

void board::connected(const connect_outcome& outcome) {
    connecting_.reset();
    if (outcome.ok) {
        log("INF", "MQTTAgent", "Connected to the broker. Message published to " + request_.topic() + ".",
            where);
        event("first-connect", {{"result", "ok"}, {"topic", request_.topic()}, {"try", long{tries_}}});
        return;
    }
    const bool again = tries_ < most_tries;
    const auto pause = first_pause * (1 << (tries_ - 1));
    std::string message = "Connection to the broker failed";
    if (again) message += ", retry in " + std::to_string(pause.count()) + " ms";
    log("ERR", "MQTTAgent", message + ". " + outcome.reason, where);
    event("first-connect",
          {{"result", again ? "retry" : "failed"}, {"reason", outcome.reason}, {"try", long{tries_}}});
    if (again) connect_timer_ = loop_.after(pause, [this] { try_connect(); });
}

}  // namespace fleetline::rehearsal_board
