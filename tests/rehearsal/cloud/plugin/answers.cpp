// SPDX-License-Identifier: Apache-2.0
// The way of a provisioning request through the workers and of its answer back to the session that asked.
#include <mosquitto.h>
#include <mosquitto_broker.h>

#include <nlohmann/json.hpp>

#include "core/refusal.hpp"
#include "plugin/cloud_plugin.hpp"

namespace fleetline::rehearsal {

void cloud_plugin::take(session& from, device_request request, const fault_effects& faults) {
    const std::uint64_t generation = from.generation;
    const bool taken = workers_.run([this, generation, request = std::move(request), faults] {
        outgoing answer = answer_to(request, faults);
        answer.generation = generation;
        hand_back(std::move(answer), faults);
    });
    if (!taken) log(from.who.client_id + ": request lost, too many are waiting");
}

outgoing cloud_plugin::answer_to(const device_request& request, const fault_effects& faults) {
    outgoing answer;
    answer.client_id = request.client_id;
    nlohmann::json body;
    std::string outcome = "accepted";
    answer.topic = request.topic + "/accepted";
    try {
        if (faults.reject) throw *faults.reject;
        body = provisioning_.perform(request);
        spoil(body, faults, authority_);
    } catch (const refusal& no) {
        body = {{"statusCode", no.status()}, {"errorCode", no.code()}, {"errorMessage", no.what()}};
        outcome = "rejected, " + no.code() + ": " + no.what();
        answer.topic = request.topic + "/rejected";
    } catch (const std::exception& problem) {
        body = {{"statusCode", 500}, {"errorCode", "InternalFailure"}, {"errorMessage", "Internal failure."}};
        outcome = std::string{"failed: "} + problem.what();
        answer.topic = request.topic + "/rejected";
    }
    answer.payload = faults.not_json ? "this is <not> what you expect" : encode(body, request.format);
    answer.log = request.client_id + ": " + std::string{name_of(request.what)} + " " + outcome;
    return answer;
}

void cloud_plugin::hand_back(outgoing answer, const fault_effects& faults) {
    answer.due = outgoing::clock::now() + std::chrono::milliseconds{faults.delay_ms};
    if (faults.delay_ms > 0) answer.log += ", answer held back " + std::to_string(faults.delay_ms) + " ms";
    if (faults.lose) answer.log += ", answer lost";
    if (faults.lose || faults.step == disconnect_step::after_puback) answer.topic.clear();
    answer.disconnect =
        faults.step == disconnect_step::after_puback || faults.step == disconnect_step::after_answer;
    if (faults.duplicate_after_ms && !answer.topic.empty()) {
        outgoing again = answer;
        again.log = "the same answer again";
        again.due += std::chrono::milliseconds{*faults.duplicate_after_ms};
        answer.disconnect = false;
        outbox_.put(std::move(answer));
        answer = std::move(again);
    }
    outbox_.put(std::move(answer));
}

void cloud_plugin::deliver(const outgoing& one) {
    if (!one.log.empty()) log(one.log);
    session* const to = sessions_.current(one.client_id, one.generation);
    if (to == nullptr) return;  // it went: the answer is lost, as at AWS
    if (!one.topic.empty()) {
        if (!access_.allows(to->who, "iot:Receive", "topic/" + one.topic)) {
            log(one.client_id + ": answer lost, its policies do not allow iot:Receive of " + one.topic);
        } else if (publish_rate_exceeded(*to)) {
            log(one.client_id + ": answer discarded (limit publishes_per_second)");
        } else {
            mosquitto_broker_publish_copy(one.client_id.c_str(), one.topic.c_str(),
                                          static_cast<int>(one.payload.size()), one.payload.data(), 1, false,
                                          nullptr);
        }
    }
    if (!one.disconnect) return;
    if (one.topic.empty()) {
        kick(*to, "fault");
    } else {  // in the next turn, when the answer has been written
        outbox_.put({outgoing::clock::now(), one.client_id, one.generation, {}, {}, {}, true});
    }
}

}  // namespace fleetline::rehearsal
