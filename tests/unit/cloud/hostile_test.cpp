// SPDX-License-Identifier: Apache-2.0
// The lanes against a cloud that answers in any order, twice, late, to nobody, wrongly or not at all; in
// virtual time, with a fixed seed. What must hold: no answer is credited to a wrong board, every board ends
// as it should, every certificate that arrived is accounted for.
#include <openssl/evp.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <queue>
#include <random>
#include <set>

#include "cloud/traffic.hpp"
#include "core/digest.hpp"
#include "core/encoding.hpp"
#include "line.hpp"
#include "workshop.hpp"
#include "x509/x509.hpp"

using namespace fleetline;
using namespace fleetline::tests;
using nlohmann::json;

namespace {

/// Certificates by the hundred thousand: one real one, with another key, name and serial number put in. Their
/// signatures are wrong, which nobody who asks AWS can check either.
class mint {
  public:
    mint() {
        const auto key = make_key();
        const auto ca = make_key();
        old_key_ = public_key_of(key.get());
        real_ = *x509::from_pem("CERTIFICATE", make(key.get(), ca.get(), 3600L * 24));
        expired_ = *x509::from_pem("CERTIFICATE", make(key.get(), ca.get(), -60));
    }

    std::string certificate(const std::string& public_key, const std::string& serial, bool expired = false) {
        auto der = expired ? expired_ : real_;
        der.replace(der.find(old_key_), old_key_.size(), public_key);
        const auto name = der.rfind("SN000000", der.find(public_key));
        der.replace(name, 8, serial);
        // Somewhere in the signature: makes each certificate another one.
        const auto number = std::to_string(1'000'000'000 + ++made_);
        der.replace(der.size() - 20, number.size(), number);
        return x509::to_pem("CERTIFICATE", der);
    }

  private:
    static std::string make(EVP_PKEY* key, EVP_PKEY* ca, long ends) {
        certificate_wish wish;
        wish.common_name = "SN000000";
        wish.starts_in_seconds = -3600;
        wish.ends_in_seconds = ends;
        return make_certificate_pem(key, wish, ca, "Device CA");
    }
    std::string old_key_, real_, expired_;
    int made_ = 0;
};

enum class fate { good, busy_first, refused, refused_late, mute, late, wrong_id, expired, nonsense_first };
enum class end_fate { good, refused, mismatched };

struct device {
    std::string serial;
    std::string public_key;
    fate create = fate::good;
    end_fate registers = end_fate::good;
    int asks = 0;
    std::string ended;  ///< failure code or "passed"
    std::string certificate;
    std::string thing;
};

struct hostile_cloud {
    explicit hostile_cloud(std::uint64_t seed, std::size_t how_many)
        : dice(seed),
          total(how_many),
          wire(
              settings(), [this](auto& topic, auto payload, auto ticket) { asked(topic, payload, ticket); },
              notes, seed + 1) {
        wire.link_up(16);
    }

    static cloud::session_settings settings() {
        cloud::session_settings given;
        given.templates = {"boards"};
        given.create = given.register_thing = {1e6, 1e6};
        given.request_timeout = milliseconds{2'000};
        given.patience = milliseconds{120'000};
        given.late_answers = milliseconds{8'000};
        return given;
    }

    struct delivery {
        monotonic_time at;
        std::uint64_t order;
        std::string topic;
        std::string payload;
        bool operator<(const delivery& other) const {
            return std::tie(other.at, other.order) < std::tie(at, order);
        }
    };

    std::mt19937_64 dice;
    std::size_t total;
    mint certificates;
    note_taker notes;
    cloud::traffic wire;
    monotonic_time now{milliseconds{1'000}};
    std::priority_queue<delivery> post;
    std::uint64_t posted = 0;
    std::uint64_t requests = 0;
    std::vector<std::unique_ptr<device>> devices;
    std::map<std::string, device*> by_serial;
    std::size_t live = 0;
    std::set<std::string> credited, delivered;
    std::vector<std::pair<std::string, std::string>> wrong;

    int roll(int most) { return std::uniform_int_distribution<int>(0, most - 1)(dice); }

    void send(const std::string& topic, const json& body, int least, int most) {
        send_text(topic, body.dump(), least, most);
    }
    void send_text(const std::string& topic, const std::string& text, int least, int most) {
        const auto at = now + milliseconds{least + roll(most - least)};
        post.push({at, ++posted, topic, text});
        // At least once is what MQTT promises.
        if (roll(10) == 0) post.push({at + milliseconds{roll(400)}, ++posted, topic, text});
    }

    static json refusal(int status, const char* code) {
        json body;
        body["statusCode"] = status;
        body["errorCode"] = code;
        body["errorMessage"] = "the hook says no";
        return body;
    }

    json certificate_answer(const std::string& key, const std::string& serial, bool expired, bool wrong_id) {
        const auto pem = certificates.certificate(key, serial, expired);
        const auto id = sha256_hex(*x509::from_pem("CERTIFICATE", pem));
        json body;
        body["certificatePem"] = pem;
        body["certificateId"] = wrong_id ? std::string(64, '0') : id;
        body["certificateOwnershipToken"] = serial;
        body["somethingNew"] = json::array({1, "two", nullptr});
        return body;
    }

    void asked(const std::string& topic, std::string_view payload, std::uint64_t ticket) {
        ++requests;
        acknowledgements.push_back(ticket);
        const auto body = json::parse(payload);
        if (topic == "$aws/certificates/create-from-csr/json") {
            create(topic, *by_serial.at(body.at("certificateSigningRequest").get<std::string>()));
        } else {
            register_thing(topic, *by_serial.at(body.at("parameters").at("SerialNumber").get<std::string>()));
        }
        if (roll(50) == 0) {  // to nobody
            send(create_accepted, certificate_answer(public_key_of(stranger.get()), "SN999999", false, false),
                 5, 300);
        }
        if (roll(200) == 0) send_text(create_accepted, roll(2) == 0 ? "[]" : "{\"x\":", 5, 300);
    }
    std::vector<std::uint64_t> acknowledgements;
    const key_ptr stranger = make_key();
    const std::string create_accepted = "$aws/certificates/create-from-csr/json/accepted";

    void create(const std::string& topic, device& from) {
        const bool first = ++from.asks == 1;
        const auto yes = [&](bool expired, bool wrong_id, int least, int most) {
            send(topic + "/accepted", certificate_answer(from.public_key, from.serial, expired, wrong_id),
                 least, most);
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
                        *devices.at(static_cast<std::size_t>(roll(static_cast<int>(devices.size()))));
                    send(topic + "/accepted",
                         certificate_answer(other.public_key, other.serial, false, false), 5, 300);
                }
                break;
            case fate::good:
                break;
        }
        yes(false, false, 5, 300);
    }

    void register_thing(const std::string& topic, device& from) {
        if (from.registers == end_fate::refused) {
            return send(topic + "/rejected", refusal(400, "InvalidParameters"), 5, 300);
        }
        json body;
        body["thingName"] = "board-" + (from.registers == end_fate::mismatched ? "SN000001" : from.serial);
        body["deviceConfiguration"]["serial"] = from.serial;
        send(topic + "/accepted", body, 5, 300);
    }

    void plug() {
        auto made = std::make_unique<device>();
        const auto number = devices.size() + 1;
        made->serial = "SN" + std::string(6 - std::to_string(number).size(), '0') + std::to_string(number);
        made->public_key = public_key_of(make_key().get());
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
        if (made->serial == "SN000001") made->registers = end_fate::good;
        by_serial[made->serial] = made.get();
        ++live;
        ask_certificate(*made);
        devices.push_back(std::move(made));
    }

    void ask_certificate(device& from) {
        auto asked = std::make_unique<cloud::certificate_call>();
        asked->request.attempt = attempt_id(from.serial);
        asked->request.serial = serial_number(from.serial);
        asked->request.public_key = from.public_key;
        asked->csr_subject = "CN=" + from.serial;
        asked->body = cloud::write_create_request(cloud::payload_format::json, from.serial);
        asked->done = [this, &from](cloud::outcome<station::issued_certificate> result) {
            if (const auto* why = std::get_if<failure>(&result)) return finished(from, why->code());
            const auto& issued = std::get<station::issued_certificate>(result);
            from.certificate = issued.id.text();
            credited.insert(issued.id.text());
            if (x509::parse_certificate(issued.pem)->public_key != from.public_key) {
                wrong.emplace_back(from.serial, "a foreign certificate");
            }
            ask_thing(from);
        };
        wire.add(std::move(asked), now);
    }

    void ask_thing(device& from) {
        auto asked = std::make_unique<cloud::registration_call>();
        asked->request.attempt = attempt_id(from.serial);
        asked->request.serial = serial_number(from.serial);
        asked->request.template_name = "boards";
        asked->request.expected_thing = thing_name("board-" + from.serial);
        asked->request.serial_echo_key = "serial";
        asked->body = cloud::write_register_request(cloud::payload_format::json, secret("token"),
                                                    {{"SerialNumber", from.serial}});
        asked->done = [this, &from](cloud::outcome<station::registration> result) {
            if (const auto* why = std::get_if<failure>(&result)) return finished(from, why->code());
            from.thing = std::get<station::registration>(result).thing.text();
            finished(from, "passed");
        };
        wire.add(std::move(asked), now);
    }

    void finished(device& from, const std::string& how) {
        if (!from.ended.empty()) wrong.emplace_back(from.serial, "ended twice");
        from.ended = how;
        --live;
    }

    static std::set<std::string> allowed(const device& from) {
        // Another board's "nonsense" may be a good certificate for this one's key: then that is its own.
        switch (from.certificate.empty() ? from.create : fate::good) {
            case fate::mute:
                return {"cloud-no-answer", "cloud-answer-mismatched"};
            // Its own refusal, in time after all for a later ask.
            case fate::refused_late:
                return {"cloud-no-answer", "cloud-answer-mismatched", "cloud-denied"};
            // Asked twice, the answer to the first may come in time for the second.
            case fate::late:
                return {"cloud-no-answer", "cloud-answer-mismatched", from.ended};
            case fate::refused:
                return {"cloud-denied"};
            case fate::wrong_id:
            case fate::expired:
                return {"cloud-certificate-invalid"};
            default:
                break;
        }
        if (from.registers == end_fate::refused) return {"cloud-rejected"};
        if (from.registers == end_fate::mismatched) return {"cloud-answer-mismatched"};
        return {"passed"};
    }

    void step() {
        while (live < 40 && devices.size() < total) plug();
        wire.pump(now);
        for (const auto ticket : std::exchange(acknowledgements, {})) wire.acknowledged(ticket, now);
        auto next = wire.wake(now);
        if (!post.empty() && (!next || post.top().at <= *next)) next = std::max(now, post.top().at);
        if (!next) throw std::runtime_error("nothing is due, and boards wait");
        now = *next;
        while (!post.empty() && post.top().at <= now) {
            const auto letter = post.top();
            post.pop();
            note_delivery(letter);
            wire.message(letter.topic, letter.payload, now, system_time_source{}.utc_now());
        }
    }

    void note_delivery(const delivery& letter) {
        if (letter.topic != create_accepted) return;
        const auto body = json::parse(letter.payload, nullptr, false);
        if (!body.is_object() || !body.contains("certificatePem")) return;
        const auto der = x509::from_pem("CERTIFICATE", body.at("certificatePem").get<std::string>());
        delivered.insert(sha256_hex(*der));
    }
};

}  // namespace

TEST_CASE("a hostile cloud never gets an answer to a wrong board, and every board ends as it should",
          "[cloud][hostile]") {
    const char* const wish = std::getenv("FLEETLINE_HOSTILE_BOARDS");
    const char* const other_seed = std::getenv("FLEETLINE_HOSTILE_SEED");
    hostile_cloud aws(other_seed != nullptr ? std::strtoull(other_seed, nullptr, 10) : 20261124,
                      wish != nullptr ? std::strtoull(wish, nullptr, 10) : 2'000);

    const auto began = aws.now;
    while (aws.live > 0 || aws.devices.size() < aws.total) aws.step();
    while (!aws.post.empty()) aws.step();

    CHECK(aws.wrong.empty());
    std::map<std::string, std::size_t> ends;
    for (const auto& held : aws.devices) {
        ++ends[held->ended];
        if (hostile_cloud::allowed(*held).contains(held->ended)) {
            if (held->ended == "passed") CHECK(held->thing == "board-" + held->serial);
            continue;
        }
        INFO(held->serial << " has fate " << static_cast<int>(held->create) << "/"
                          << static_cast<int>(held->registers));
        CHECK(held->ended == *hostile_cloud::allowed(*held).begin());
    }
    std::set<std::string> accounted = aws.credited;
    for (const auto& noted : aws.notes.certificates) accounted.insert(noted.id);
    for (const auto& id : aws.delivered) CHECK(accounted.contains(id));
    std::string summary;
    for (const auto& [code, count] : ends) summary += code + " " + std::to_string(count) + ", ";
    WARN(aws.requests << " requests in " << (aws.now - began).count() / 1000
                      << " s of virtual time: " << summary);
}
