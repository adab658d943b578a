// SPDX-License-Identifier: Apache-2.0
// Answers of every kind over a real broker, and what becomes of the board that asked.
#include <atomic>
#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>

#include "broker.hpp"
#include "cloud/bell.hpp"
#include "line.hpp"
#include "scripted_cloud.hpp"

using namespace fleetline;
using namespace fleetline::tests;
namespace asio = boost::asio;
using nlohmann::json;

namespace {

using issued = ended<station::issued_certificate>;
using registered = ended<station::registration>;

/// All boards ask for a certificate at once; what became of each, in order.
std::vector<issued> ask_at_once(running_session& line, const std::vector<board>& boards) {
    std::vector<issued> ends(boards.size());
    const auto one = [&](std::size_t at) -> asio::awaitable<void> {
        ends[at] = co_await end_of(line.session.create_certificate(certificate_for(boards[at])));
    };
    const auto all = [&]() -> asio::awaitable<void> {
        cloud::bell done(line.io.get_executor());
        std::size_t left = boards.size();
        for (std::size_t at = 0; at < boards.size(); ++at) {
            asio::co_spawn(line.io, one(at), [&](std::exception_ptr) {
                --left;
                done.ring();
            });
        }
        while (left > 0) co_await done.wait();
    };
    line.during(all());
    return ends;
}

std::vector<board> boards_named(int how_many) {
    std::vector<board> made;
    for (int number = 0; number < how_many; ++number) made.emplace_back("SN" + std::to_string(1000 + number));
    return made;
}

registered register_one(running_session& line, const board& made) {
    registered end;
    const auto task = [&]() -> asio::awaitable<void> {
        auto request = registration_for(made, "token");
        end = co_await end_of(line.session.register_thing(std::move(request)));
    };
    line.during(task());
    return end;
}

}  // namespace

TEST_CASE("CBOR and MQTT 5 carry the same calls", "[cloud]") {
    broker mosquitto;
    mosquitto.start();
    const scripted_cloud aws(mosquitto.plain_port, honest_answers());
    auto settings = mosquitto.settings();
    SECTION("CBOR") {
        settings.format = cloud::payload_format::cbor;
    }
    SECTION("MQTT 5") {
        settings.version = cloud::mqtt_version::v5;
    }
    running_session line(settings);
    const auto boards = boards_named(3);

    for (const auto& end : ask_at_once(line, boards)) CHECK(end.code.empty());
    CHECK(register_one(line, boards.front()).value->thing.text() == "board-SN1000");
}

TEST_CASE("a refusal stops the board at once and keeps the cloud's words", "[cloud]") {
    struct refusal_case {
        int status;
        const char* error;
        const char* code;
    };
    const auto given = GENERATE(refusal_case{403, "AccessDenied", "cloud-denied"},
                                refusal_case{400, "InvalidParameters", "cloud-rejected"},
                                refusal_case{404, "SomethingNew", "cloud-rejected"},
                                refusal_case{400, "InvalidCertificateOwnershipToken", "cloud-token-refused"});
    broker mosquitto;
    mosquitto.start();
    std::atomic<int> asked{0};
    const scripted_cloud aws(mosquitto.plain_port, [&](const message& request) -> std::vector<message> {
        ++asked;
        return {honest_answers::reject(request, given.status, given.error, "Not this one, said the hook")};
    });
    running_session line(mosquitto.settings());

    const auto end = register_one(line, board("SN0001"));

    CHECK(end.code == given.code);
    CHECK(end.words == std::to_string(given.status) + " " + given.error + ": Not this one, said the hook");
    CHECK(asked == 1);
}

TEST_CASE("busy answers are asked again until the cloud has time", "[cloud]") {
    broker mosquitto;
    mosquitto.start();
    const honest_answers honest;
    std::atomic<int> asked{0};
    const scripted_cloud aws(mosquitto.plain_port, [&](const message& request) -> std::vector<message> {
        const int nth = ++asked;
        if (nth == 1) return {honest_answers::reject(request, 429, "Throttling", "slow down")};
        if (nth == 2) return {honest_answers::reject(request, 503, "Whatever", "not now")};
        return honest(request);
    });
    running_session line(mosquitto.settings());

    CHECK(ask_at_once(line, boards_named(1)).front().code.empty());
    CHECK(asked == 3);
}

TEST_CASE("a cloud that stays busy until the board's patience ends is called throttled", "[cloud]") {
    broker mosquitto;
    mosquitto.start();
    const scripted_cloud aws(mosquitto.plain_port, [&](const message& request) -> std::vector<message> {
        return {honest_answers::reject(request, 429, "Throttling", "slow down")};
    });
    auto settings = mosquitto.settings();
    settings.patience =
        milliseconds{4'000};  // the waits between are long by then: none is asked at its very end
    running_session line(settings);

    const auto ends = ask_at_once(line, boards_named(1));

    CHECK(ends.front().code == "cloud-throttled");
    CHECK(ends.front().words == "429 Throttling: slow down");
}

TEST_CASE("each board has the patience of its product", "[cloud]") {
    broker mosquitto;
    mosquitto.start();
    const honest_answers honest;
    std::atomic<bool> busy{true};
    const scripted_cloud aws(mosquitto.plain_port, [&](const message& request) -> std::vector<message> {
        if (busy) return {honest_answers::reject(request, 429, "Throttling", "slow down")};
        return honest(request);
    });
    auto settings = mosquitto.settings();
    settings.patience = milliseconds{1};
    running_session line(settings);
    const auto boards = boards_named(2);
    issued hasty;
    issued patient;
    const auto ask = [&](const board& made, milliseconds patience, issued& end) -> asio::awaitable<void> {
        auto request = certificate_for(made);
        request.patience = patience;
        end = co_await end_of(line.session.create_certificate(std::move(request)));
        busy = false;
    };
    const auto both = [&]() -> asio::awaitable<void> {
        using namespace asio::experimental::awaitable_operators;
        co_await line.session.available();
        co_await (ask(boards[0], milliseconds{1'500}, hasty) &&
                  ask(boards[1], milliseconds{60'000}, patient));
    };
    line.during(both());

    CHECK(hasty.code == "cloud-throttled");
    CHECK(patient.code.empty());
}

TEST_CASE("one refused among sixteen in flight is found, and the others pass", "[cloud]") {
    broker mosquitto;
    mosquitto.start();
    const honest_answers honest;
    const auto boards = boards_named(16);
    const scripted_cloud aws(mosquitto.plain_port, [&](const message& request) -> std::vector<message> {
        if (csr_in(request) == boards[5].csr) return {honest_answers::reject(request, 403, "Denied", "no")};
        return honest(request);
    });
    running_session line(mosquitto.settings());

    const auto ends = ask_at_once(line, boards);

    for (std::size_t at = 0; at < ends.size(); ++at) CHECK(ends[at].code == (at == 5 ? "cloud-denied" : ""));
}

TEST_CASE("certificates that do not fit are taken for nobody and told of", "[cloud]") {
    broker mosquitto;
    mosquitto.start();
    const honest_answers honest;
    const auto stranger = make_key();
    const auto boards = boards_named(1);
    std::string expected, words;
    std::size_t unaccounted = 1;
    scripted_cloud::script answers;
    SECTION("a foreign certificate alone") {
        expected = "cloud-answer-mismatched";
        unaccounted = 4;  // asked for twice: each time a stranger comes, and no answer of its own
        answers = [&](const message& request) -> std::vector<message> {
            const auto foreign = make_csr_pem(stranger.get(), "SN1000");
            return {honest.create({request.topic, json{{"certificateSigningRequest", foreign}}.dump()})};
        };
    }
    SECTION("a wrong id") {
        expected = "cloud-certificate-invalid";
        answers = [&](const message& request) -> std::vector<message> {
            const auto pem = sign_csr(csr_in(request), stranger.get());
            return {{request.topic + "/accepted", certificate_payload(pem, std::string(64, 'a'))}};
        };
    }
    SECTION("expired") {
        expected = "cloud-certificate-invalid";
        answers = [&](const message& request) -> std::vector<message> {
            const auto pem = sign_csr(csr_in(request), stranger.get(), -60);
            return {{request.topic + "/accepted", certificate_payload(pem, sha256_of_certificate(pem))}};
        };
    }
    SECTION("another subject") {
        expected = "cloud-certificate-invalid";
        answers = [&](const message& request) -> std::vector<message> {
            const auto other = make_csr_pem(boards.front().key.get(), "SN2000");
            return {honest.create({request.topic, json{{"certificateSigningRequest", other}}.dump()})};
        };
    }
    const scripted_cloud aws(mosquitto.plain_port, answers);
    auto settings = mosquitto.settings();
    settings.request_timeout = milliseconds{500};
    running_session line(settings);

    CHECK(ask_at_once(line, boards).front().code == expected);
    CHECK(line.notes.certificates.size() == unaccounted);
}

TEST_CASE("answers that cannot be read end the board with a name for it", "[cloud]") {
    const std::string body = GENERATE("", "{", "[]", "{\"certificateId\":5}", "\xff\xfe", "null");
    broker mosquitto;
    mosquitto.start();
    const scripted_cloud aws(mosquitto.plain_port, [&](const message& request) -> std::vector<message> {
        return {{request.topic + "/accepted", body}};
    });
    running_session line(mosquitto.settings());

    CHECK(ask_at_once(line, boards_named(1)).front().code == "cloud-answer-invalid");
}

TEST_CASE("a second answer and a late one are told of, not credited", "[cloud]") {
    broker mosquitto;
    mosquitto.start();
    const honest_answers honest;
    const auto boards = boards_named(2);
    const scripted_cloud aws(mosquitto.plain_port, [&](const message& request) -> std::vector<message> {
        const auto first = honest.create(request);
        const auto second = honest.create(request);
        return {first, first, second};
    });
    running_session line(mosquitto.settings());

    for (const auto& end : ask_at_once(line, boards)) CHECK(end.code.empty());
    const auto linger = [&]() -> asio::awaitable<void> { co_await line.time.wait_for(milliseconds{300}); };
    line.during(linger());

    // The copy of the first is the same certificate; the second one is another, of a known attempt.
    REQUIRE(line.notes.certificates.size() >= 1);
    for (const auto& noted : line.notes.certificates) CHECK(noted.attempt.starts_with("attempt-SN100"));
}

TEST_CASE("a thing made of the wrong serial is not taken", "[cloud]") {
    broker mosquitto;
    mosquitto.start();
    json body;
    SECTION("another board's thing under this serial") {
        body["thingName"] = "board-SN9999";
        body["deviceConfiguration"]["serial"] = "SN0001";
    }
    SECTION("the template repeats no serial") {
        body["thingName"] = "board-SN0001";
    }
    const scripted_cloud aws(mosquitto.plain_port, [&](const message& request) -> std::vector<message> {
        return {{request.topic + "/accepted", body.dump()}};
    });
    running_session line(mosquitto.settings());

    CHECK(register_one(line, board("SN0001")).code == "cloud-answer-mismatched");
    REQUIRE(line.notes.registrations.size() == 1);
    CHECK(line.notes.registrations.front().attempt == "attempt-SN0001");
}

TEST_CASE("no answer at all is said so, in time", "[cloud]") {
    broker mosquitto;
    mosquitto.start();
    const scripted_cloud aws(mosquitto.plain_port, [](const message&) { return std::vector<message>{}; });
    auto settings = mosquitto.settings();
    settings.request_timeout = milliseconds{300};
    running_session line(settings);

    const auto ends = ask_at_once(line, boards_named(1));
    const auto& end = ends.front();

    CHECK(end.code == "cloud-no-answer");
    CHECK(end.words.find("asked 2 times") != std::string::npos);
}
