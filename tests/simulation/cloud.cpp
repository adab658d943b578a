// SPDX-License-Identifier: Apache-2.0
#include "cloud.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "core/digest.hpp"
#include "randomness.hpp"
#include "support/certificate_maker.hpp"
#include "x509/x509.hpp"

namespace fleetline::simulation {

namespace {

using nlohmann::json;

constexpr std::string_view create_topic = "$aws/certificates/create-from-csr/json";
constexpr milliseconds latest{70'000};   // after the request timed out, the station waits for it so long
constexpr milliseconds soon_again{400};  // an answer that comes twice does so within `echo`
constexpr milliseconds to_connect{500};
constexpr milliseconds just_registered{10'000};  // the station may not have heard of it yet

/// The same for all days.
const test::certificate_maker& authority() {
    static const auto made = [] {
        const openssl_seeded apart(0);
        return std::make_unique<test::certificate_maker>();
    }();
    return *made;
}

}  // namespace

cloud::cloud(const profile& day, dice& chance, agenda& time, keys& made, story& told)
    : day_(day), chance_(chance), time_(time), keys_(made), story_(told) {}

void cloud::connect(client& who) {
    client_ = &who;
    up_ = false;
    const auto number = ++connection_;
    time_.after(chance_.up_to(to_connect), agenda::owner::world, [this, number] {
        if (number != connection_ || client_ == nullptr) return;
        if (time_.now() < away_until_) {
            std::exchange(client_, nullptr)->lost();
        } else {
            up_ = true;
            client_->connected();
        }
    });
}

void cloud::client_gone() {
    if (client_ != nullptr) repeat_answers();
    client_ = nullptr;
    ++connection_;
}

/// To a station that has started since they are news, though it acted on them before it died.
void cloud::repeat_answers() {
    if (!faults_ || day_.answer_twice == 0) return;
    for (const auto& [id, made] : certificates_)
        if (made.registered && time_.now() - made.registered_at < just_registered)
            deliver(chance_.up_to(latest), std::string(create_topic) + "/accepted", answer_of(id, made), id);
}

std::string cloud::answer_of(const std::string& id, const certificate& made) {
    json body;
    body["certificateId"] = id;
    body["certificatePem"] = made.pem;
    body["certificateOwnershipToken"] = made.token;
    return body.dump();
}

void cloud::cut_link(milliseconds away) {
    story_.tell("the link breaks, for " + std::to_string(away.count()) + " ms");
    away_until_ = time_.now() + away;
    ++connection_;
    if (client_ != nullptr) std::exchange(client_, nullptr)->lost();
}

void cloud::publish(const std::string& topic, std::string_view payload, std::uint64_t ticket) {
    const auto number = connection_;
    if (client_ == nullptr || !up_) return;
    if (happens(day_.request_lost)) {
        story_.tell("cloud: a request is lost");
        return;
    }
    const auto there = chance_.skewed(day_.cloud_time);
    time_.after(there, agenda::owner::world,
                [this, topic, payload = std::string(payload)] { take_in(topic, payload); });
    time_.after(there + chance_.skewed(day_.cloud_time), agenda::owner::world, [this, number, ticket] {
        if (number == connection_ && client_ != nullptr) client_->acknowledged(ticket);
    });
}

void cloud::take_in(const std::string& topic, const std::string& payload) {
    if (happens(day_.throttled)) return refuse(topic, 429, "Throttled");
    if (happens(day_.rejected)) return refuse(topic, chance_.chance(500) ? 403 : 400, "Refused");
    if (happens(day_.foreign)) hand_out_to_nobody();
    if (topic == create_topic)
        create(topic, payload);
    else
        provision(topic, payload);
}

std::string cloud::answer_with(const std::string& csr_pem, std::string& id) {
    certificate made;
    made.pem = authority().issue_at(time_.utc_now(), csr_pem);
    const auto& request = request_in(csr_pem);
    made.serial = request.common_name;
    made.public_key = request.public_key;
    made.token = "token-" + std::to_string(++tokens_);
    id = sha256_hex(x509::from_pem("CERTIFICATE", made.pem).value());
    story_.tell("cloud: certificate " + short_id(id) + " for '" + made.serial + "'");
    return answer_of(id, certificates_[id] = std::move(made));
}

void cloud::create(const std::string& topic, const std::string& payload) {
    std::string id;
    const auto body = json::parse(payload);
    auto made = answer_with(body.at("certificateSigningRequest").get<std::string>(), id);
    answer(topic, std::move(made), id);
}

/// A certificate that nobody here asked for.
void cloud::hand_out_to_nobody() {
    std::string id;
    auto made = answer_with(keys_.make("nobody").pem, id);
    deliver(chance_.skewed(day_.cloud_time), std::string(create_topic) + "/accepted", std::move(made), id);
}

void cloud::provision(const std::string& topic, const std::string& payload) {
    const auto body = json::parse(payload);
    const auto token = body.at("certificateOwnershipToken").get<std::string>();
    const auto serial = body.at("parameters").at("SerialNumber").get<std::string>();
    auto found = certificates_.begin();
    while (found != certificates_.end() && found->second.token != token) ++found;
    if (found == certificates_.end()) return refuse(topic, 400, "InvalidCertificateOwnershipToken");
    auto& known = found->second;
    if (known.registered && day_.token_once) return refuse(topic, 400, "InvalidCertificateOwnershipToken");
    if (known.registered && known.thing != "thing-" + serial)
        story_.violation("I1: certificate " + short_id(found->first) + " of " + known.thing +
                         " is registered for " + serial);
    if (known.serial != serial)
        story_.violation("I1: certificate " + short_id(found->first) + " was asked for by " + known.serial +
                         " and is registered by " + serial);
    repeat_registrations(topic, found->first);
    known.registered = true;
    known.registered_at = time_.now();
    known.thing = "thing-" + serial;
    story_.tell("cloud: " + known.thing + " has " + short_id(found->first));
    answer(topic, registration_of(found->first, known), found->first);
}

/// The answers to the same serial's earlier registrations come once more, when they are most welcome.
void cloud::repeat_registrations(const std::string& topic, const std::string& but_for) {
    if (!faults_ || day_.answer_twice == 0) return;
    const auto& serial = certificates_.at(but_for).serial;
    for (const auto& [id, made] : certificates_)
        if (id != but_for && made.serial == serial && made.registered &&
            time_.now() - made.registered_at < latest - day_.cloud_time)
            deliver(chance_.skewed(day_.cloud_time), topic + "/accepted", registration_of(id, made), id);
}

std::string cloud::registration_of(const std::string& id, const certificate& made) {
    json body;
    body["thingName"] = made.thing;
    body["deviceConfiguration"]["serialNumber"] = made.serial;
    body["deviceConfiguration"]["certificateId"] = id;
    return body.dump();
}

void cloud::refuse(const std::string& topic, int status, const std::string& error) {
    story_.tell("cloud: " + std::to_string(status) + " " + error + " on " + topic);
    const json body{{"statusCode", status}, {"errorCode", error}, {"errorMessage", "as it is"}};
    auto delay = chance_.skewed(day_.cloud_time);
    if (happens(day_.answer_lost)) return;
    if (happens(day_.answer_late)) delay += chance_.up_to(latest);
    deliver(delay, topic + "/rejected", body.dump(), {});
    if (happens(day_.answer_twice))
        deliver(delay + chance_.up_to(soon_again), topic + "/rejected", body.dump(), {});
}

void cloud::answer(const std::string& topic, std::string payload, const std::string& id) {
    auto delay = chance_.skewed(day_.cloud_time);
    const auto where = topic + "/accepted";
    if (happens(day_.answer_late)) delay += chance_.up_to(latest);
    if (happens(day_.answer_garbled)) {
        story_.tell("cloud: an answer is garbled");
        return deliver(delay, where, payload.substr(0, payload.size() / 2), {});
    }
    if (happens(day_.answer_twice)) deliver(chance_.up_to(latest), where, payload, id);
    if (happens(day_.answer_lost)) return story_.tell("cloud: an answer is lost");
    deliver(delay, where, std::move(payload), id);
}

/// To whichever connection there is when it has been made: the client's name is all the cloud knows.
void cloud::deliver(milliseconds delay, const std::string& topic, std::string payload,
                    const std::string& id) {
    time_.after(delay, agenda::owner::world, [this, topic, payload = std::move(payload), id] {
        if (client_ == nullptr || !up_) return;
        const auto known = certificates_.find(id);
        if (known != certificates_.end()) {
            (topic.starts_with(create_topic) ? known->second.answered : known->second.confirmed) = true;
            known->second.answered_in_calm = known->second.answered_in_calm || !faults_;
        }
        client_->message(topic, payload);
    });
}

}  // namespace fleetline::simulation
