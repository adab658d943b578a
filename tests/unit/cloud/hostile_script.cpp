// SPDX-License-Identifier: Apache-2.0
#include "hostile_script.hpp"

#include <openssl/evp.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "cloud/messages.hpp"
#include "core/digest.hpp"
#include "x509/x509.hpp"

namespace fleetline::tests {

using nlohmann::json;

namespace {

json refusal(int status, const char* code) {
    json body;
    body["statusCode"] = status;
    body["errorCode"] = code;
    body["errorMessage"] = "the hook says no";
    return body;
}

json decoded(bool cbor, std::string_view text) {
    return cbor ? json::from_cbor(text, true, false) : json::parse(text, nullptr, false);
}

}  // namespace

mint::mint() {
    const auto key = make_key();
    const auto ca = make_key();
    old_key_ = public_key_of(key.get());
    real_ = *x509::from_pem("CERTIFICATE", make(key.get(), ca.get(), 3600L * 24));
    expired_ = *x509::from_pem("CERTIFICATE", make(key.get(), ca.get(), -60));
}

std::string mint::certificate(const std::string& public_key, const std::string& serial, bool expired) {
    auto der = expired ? expired_ : real_;
    der.replace(der.find(old_key_), old_key_.size(), public_key);
    const auto name = der.rfind("SN000000", der.find(public_key));
    der.replace(name, 8, serial);
    // Somewhere in the signature: makes each certificate another one.
    const auto number = std::to_string(1'000'000'000 + ++made_);
    der.replace(der.size() - 20, number.size(), number);
    return x509::to_pem("CERTIFICATE", der);
}

std::string mint::make(EVP_PKEY* key, EVP_PKEY* ca, long ends) {
    certificate_wish wish;
    wish.common_name = "SN000000";
    wish.starts_in_seconds = -3600;
    wish.ends_in_seconds = ends;
    return make_certificate_pem(key, wish, ca, "Device CA");
}

std::set<std::string> hostile_board::allowed(bool echo) const {
    // Another board's "nonsense" may be a good certificate for this one's key: then that is its own.
    switch (certificate.empty() ? create : fate::good) {
        case fate::mute:
            return {"cloud-no-answer", "cloud-answer-mismatched"};
        // Its own refusal, in time after all for a later ask.
        case fate::refused_late:
            return {"cloud-no-answer", "cloud-answer-mismatched", "cloud-denied"};
        // Asked twice, the answer to the first may come in time for the second.
        case fate::late:
            return {"cloud-no-answer", "cloud-answer-mismatched", ended};
        case fate::refused:
            return {"cloud-denied"};
        case fate::wrong_id:
        case fate::expired:
            return {"cloud-certificate-invalid"};
        default:
            break;
    }
    if (registers == end_fate::refused) return {"cloud-rejected"};
    // By its thing's name alone it is the late answer to another board, and nothing was heard for this one.
    if (registers == end_fate::mismatched && !echo) return {"cloud-no-answer", "cloud-answer-mismatched"};
    if (registers == end_fate::mismatched) return {"cloud-answer-mismatched"};
    return {"passed"};
}

hostile_script::hostile_script(std::uint64_t seed, hostile_manner manner)
    : dice_(seed), manner_(manner), create_topic_(cloud::create_topics(manner.format).request) {}

std::string hostile_script::encoded(const json& body) const {
    if (manner_.format == cloud::payload_format::json) return body.dump();
    const auto bytes = json::to_cbor(body);
    return {bytes.begin(), bytes.end()};
}

hostile_board& hostile_script::plug(bool real_csr) {
    auto made = std::make_unique<hostile_board>();
    const auto number = std::to_string(boards_.size() + 1);
    made->serial = "SN" + std::string(6 - number.size(), '0') + number;
    const auto key = make_key();
    made->public_key = public_key_of(key.get());
    made->csr = real_csr ? x509::parse_csr(make_csr_pem(key.get(), made->serial))->pem : made->serial;
    const int lot = roll(1000);
    made->create = lot < 5     ? fate::mute
                   : lot < 10  ? fate::late
                   : lot < 15  ? fate::refused_late
                   : lot < 40  ? fate::refused
                   : lot < 60  ? fate::wrong_id
                   : lot < 80  ? fate::expired
                   : lot < 100 ? fate::busy_first
                   : lot < 150 ? fate::nonsense_first
                               : fate::good;
    const int second = roll(100);
    made->registers = second < 3 ? end_fate::refused : second < 6 ? end_fate::mismatched : end_fate::good;
    if (manner_.refuses_half && roll(2) == 0) made->create = fate::refused;
    if (manner_.refuses_half && roll(2) == 0) made->registers = end_fate::refused;
    if (made->serial == "SN000001") made->registers = end_fate::good;
    by_csr_[made->csr] = by_serial_[made->serial] = made.get();
    boards_.push_back(std::move(made));
    return *boards_.back();
}

void hostile_script::send(const std::string& topic, const json& body, int least, int most) {
    send_text(topic, encoded(body), least, most);
}

void hostile_script::send_text(const std::string& topic, const std::string& text, int least, int most) {
    const auto after = milliseconds{least + roll(most - least)};
    out_.push_back({after, topic, text});
    // At least once is what MQTT promises.
    if (roll(10) == 0) out_.push_back({after + milliseconds{roll(400)}, topic, text});
}

json hostile_script::certificate_answer(const std::string& key, const std::string& serial, bool expired,
                                        bool wrong_id) {
    const auto pem = certificates_.certificate(key, serial, expired);
    const auto id = sha256_hex(*x509::from_pem("CERTIFICATE", pem));
    json body;
    body["certificatePem"] = pem;
    body["certificateId"] = wrong_id ? std::string(64, '0') : id;
    body["certificateOwnershipToken"] = serial;
    body["somethingNew"] = json::array({1, "two", nullptr});
    return body;
}

std::vector<hostile_answer> hostile_script::answers(const std::string& topic, std::string_view payload) {
    ++requests_;
    const auto body = decoded(manner_.format == cloud::payload_format::cbor, payload);
    if (topic == create_topic_) {
        create(topic, *by_csr_.at(body.at("certificateSigningRequest").get<std::string>()));
    } else {
        register_thing(topic, *by_serial_.at(body.at("parameters").at("SerialNumber").get<std::string>()),
                       body.at("certificateOwnershipToken").get<std::string>());
    }
    if (roll(50) == 0) {
        const auto stray = to_nobody();
        send_text(stray.topic, stray.payload, 5, 300);
    }
    if (roll(200) == 0) {
        // An empty list, or a map that breaks off.
        const bool json_asked = manner_.format == cloud::payload_format::json;
        const char* const list = json_asked ? "[]" : "\x80";
        const char* const broken = json_asked ? "{\"x\":" : "\xA1\x61x";
        send_text(create_topic_ + "/accepted", roll(2) == 0 ? list : broken, 5, 300);
    }
    return std::exchange(out_, {});
}

hostile_answer hostile_script::to_nobody() {
    const auto body = certificate_answer(public_key_of(stranger_.get()), "SN999999", false, false);
    return {milliseconds{0}, create_topic_ + "/accepted", encoded(body)};
}

void hostile_script::create(const std::string& topic, hostile_board& from) {
    const bool first = ++from.asks == 1;
    const auto yes = [&](bool expired, bool wrong_id, int least, int most) {
        send(topic + "/accepted", certificate_answer(from.public_key, from.serial, expired, wrong_id), least,
             most);
    };
    switch (from.create) {
        case fate::mute:
            return;
        case fate::late:
            return yes(false, false, 4'100, 7'900);
        case fate::refused:
            return send(topic + "/rejected", refusal(403, "AccessDenied"), 5, 300);
        case fate::refused_late:
            return send(topic + "/rejected", refusal(403, "AccessDenied"), 4'100, 7'900);
        case fate::wrong_id:
            return yes(false, true, 5, 300);
        case fate::expired:
            return yes(true, false, 5, 300);
        case fate::busy_first:
            if (first) return send(topic + "/rejected", refusal(429, "Throttled"), 5, 300);
            break;
        case fate::nonsense_first:
            if (first) {
                // Another board's certificate, then the right one.
                const auto& other =
                    *boards_.at(static_cast<std::size_t>(roll(static_cast<int>(boards_.size()))));
                send(topic + "/accepted", certificate_answer(other.public_key, other.serial, false, false), 5,
                     300);
            }
            break;
        case fate::good:
            break;
    }
    yes(false, false, 5, 300);
}

void hostile_script::register_thing(const std::string& topic, const hostile_board& from,
                                    const std::string& token) {
    if (from.registers == end_fate::refused) {
        return send(topic + "/rejected", refusal(400, "InvalidParameters"), 5, 300);
    }
    json body;
    body["thingName"] = "board-" + (from.registers == end_fate::mismatched ? "SN000001" : from.serial);
    body["deviceConfiguration"]["serial"] = from.serial;
    body["deviceConfiguration"]["certificate"] = token;  // as hostile_test has it
    send(topic + "/accepted", body, 5, 300);
}

std::string hostile_script::certificate_in(const std::string& topic, const std::string& payload) {
    const bool cbor = topic.ends_with("/cbor/accepted");
    const auto format = cbor ? cloud::payload_format::cbor : cloud::payload_format::json;
    if (topic != cloud::create_topics(format).accepted) return {};
    const auto body = decoded(cbor, payload);
    if (!body.is_object() || !body.contains("certificatePem")) return {};
    return sha256_hex(*x509::from_pem("CERTIFICATE", body.at("certificatePem").get<std::string>()));
}

hostile_measure::hostile_measure(std::size_t usual) : boards(usual) {
    const char* const wish = std::getenv("FLEETLINE_HOSTILE_BOARDS");
    const char* const other_seed = std::getenv("FLEETLINE_HOSTILE_SEED");
    if (wish != nullptr) boards = std::strtoull(wish, nullptr, 10);
    if (other_seed != nullptr) seed = std::strtoull(other_seed, nullptr, 10);
}

}  // namespace fleetline::tests
