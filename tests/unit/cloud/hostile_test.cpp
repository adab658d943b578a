// SPDX-License-Identifier: Apache-2.0
// The lanes against a cloud that answers in any order, twice, late, to nobody, wrongly or not at all; in
// virtual time, with a fixed seed. What must hold: no answer is credited to a wrong board, every board ends
// as it should, every certificate that arrived is accounted for.
#include <catch2/catch.hpp>
#include <queue>

#include "cloud/traffic.hpp"
#include "hostile_script.hpp"
#include "line.hpp"
#include "x509/x509.hpp"

using namespace fleetline;
using namespace fleetline::tests;

namespace {

/// By what the answer to a registration is known.
enum class known_by { echo, certificate, thing, part_of_thing };

struct hostile_cloud {
    hostile_cloud(const hostile_measure& measure, hostile_manner manner, known_by registrations)
        : total(measure.boards),
          format(manner.format),
          by(registrations),
          script(measure.seed, manner),
          wire(
              settings(manner.format),
              [this](auto& topic, auto payload, auto ticket) { asked(topic, payload, ticket); }, notes,
              measure.seed + 1, now) {
        wire.link_up(16);
    }

    static cloud::session_settings settings(cloud::payload_format format) {
        cloud::session_settings given;
        given.format = format;
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

    std::size_t total;
    cloud::payload_format format;
    known_by by;
    hostile_script script;
    note_taker notes;
    monotonic_time now{milliseconds{1'000}};
    cloud::traffic wire;
    std::priority_queue<delivery> post;
    std::uint64_t posted = 0;
    std::size_t live = 0;
    std::set<std::string> credited, delivered;
    std::vector<std::pair<std::string, std::string>> wrong;
    std::vector<std::uint64_t> acknowledgements;

    void asked(const std::string& topic, std::string_view payload, std::uint64_t ticket) {
        acknowledgements.push_back(ticket);
        for (auto& answer : script.answers(topic, payload))
            post.push({now + answer.after, ++posted, std::move(answer.topic), std::move(answer.payload)});
    }

    void ask_certificate(hostile_board& from) {
        auto asked = std::make_unique<cloud::certificate_call>();
        asked->request.attempt = attempt_id(from.serial);
        asked->request.serial = serial_number(from.serial);
        asked->request.public_key = from.public_key;
        asked->request.subject = "CN=" + from.serial;
        asked->body = cloud::write_create_request(format, from.csr);
        asked->done = [this, &from](cloud::outcome<station::issued_certificate> result) {
            if (const auto* why = std::get_if<station::request_failure>(&result))
                return finished(from, why->code());
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

    void ask_thing(hostile_board& from) {
        auto asked = std::make_unique<cloud::registration_call>();
        asked->request.attempt = attempt_id(from.serial);
        asked->request.serial = serial_number(from.serial);
        asked->request.template_name = "boards";
        if (by != known_by::part_of_thing) asked->request.expected_thing = thing_name("board-" + from.serial);
        asked->request.certificate = certificate_id(from.certificate);
        if (by == known_by::echo) asked->request.serial_echo_key = "serial";
        if (by == known_by::certificate) asked->request.certificate_echo_key = "certificate";
        asked->body =
            cloud::write_register_request(format, secret(from.certificate), {{"SerialNumber", from.serial}});
        asked->done = [this, &from](cloud::outcome<station::registration> result) {
            if (const auto* why = std::get_if<station::request_failure>(&result))
                return finished(from, why->code());
            from.thing = std::get<station::registration>(result).thing.text();
            finished(from, "passed");
        };
        wire.add(std::move(asked), now);
    }

    void finished(hostile_board& from, const std::string& how) {
        if (!from.ended.empty()) wrong.emplace_back(from.serial, "ended twice");
        from.ended = how;
        --live;
    }

    std::string waiting() const {
        std::string serials;
        for (const auto& held : script.boards())
            if (held->ended.empty())
                serials += held->serial + " (" + std::to_string(static_cast<int>(held->create)) + "/" +
                           std::to_string(static_cast<int>(held->registers)) +
                           (held->certificate.empty() ? ") " : ", certified) ");
        return serials;
    }

    void step() {
        while (live < 40 && script.boards().size() < total) {
            ++live;
            ask_certificate(script.plug(false));
        }
        wire.pump(now);
        for (const auto ticket : std::exchange(acknowledgements, {})) wire.acknowledged(ticket, now);
        auto next = wire.wake(now);
        if (!post.empty() && (!next || post.top().at <= *next)) next = std::max(now, post.top().at);
        if (!next && live == 0) return;  // the last one's patience has just ended
        if (!next) throw std::runtime_error("nothing is due, and boards wait: " + waiting());
        now = *next;
        while (!post.empty() && post.top().at <= now) {
            const auto letter = post.top();
            post.pop();
            const auto certificate = hostile_script::certificate_in(letter.topic, letter.payload);
            if (!certificate.empty()) delivered.insert(certificate);
            wire.message(letter.topic, letter.payload, now, system_time_source{}.utc_now());
        }
    }
};

}  // namespace

TEST_CASE("a hostile cloud never gets an answer to a wrong board, and every board ends as it should",
          "[cloud][hostile]") {
    using enum cloud::payload_format;
    const auto [manner, by, usual] = GENERATE(table<hostile_manner, known_by, std::size_t>({
        {{json, false}, known_by::echo, 2'000},
        {{json, true}, known_by::echo, 1'000},
        {{cbor, false}, known_by::certificate, 1'000},
        {{cbor, false}, known_by::thing, 1'000},
        {{json, false}, known_by::part_of_thing, 500},
        {{cbor, true}, known_by::part_of_thing, 500},
    }));
    CAPTURE(manner.refuses_half, by);
    hostile_cloud aws(hostile_measure(usual), manner, by);

    const auto began = aws.now;
    while (aws.live > 0 || aws.script.boards().size() < aws.total) aws.step();
    while (!aws.post.empty()) aws.step();

    CHECK(aws.wrong.empty());
    std::map<std::string, std::size_t> ends;
    for (const auto& held : aws.script.boards()) {
        ++ends[held->ended];
        const auto allowed = held->allowed(by == known_by::echo || by == known_by::certificate);
        if (allowed.contains(held->ended)) {
            if (held->ended == "passed") CHECK(held->thing == "board-" + held->serial);
            continue;
        }
        INFO(held->serial << " has fate " << static_cast<int>(held->create) << "/"
                          << static_cast<int>(held->registers));
        CHECK(held->ended == *allowed.begin());
    }
    std::set<std::string> accounted = aws.credited;
    for (const auto& noted : aws.notes.certificates) accounted.insert(noted.id);
    for (const auto& id : aws.delivered) CHECK(accounted.contains(id));
    std::string summary;
    for (const auto& [code, count] : ends) summary += code + " " + std::to_string(count) + ", ";
    WARN(aws.script.requests() << " requests in " << (aws.now - began).count() / 1000
                               << " s of virtual time: " << summary);
}
