// SPDX-License-Identifier: Apache-2.0
// The broker goes away, comes back, or drops the link over what is published.
#include <atomic>
#include <catch2/catch.hpp>

#include "broker.hpp"
#include "cloud/bell.hpp"
#include "line.hpp"
#include "scripted_cloud.hpp"

using namespace fleetline;
using namespace fleetline::tests;
namespace asio = boost::asio;

TEST_CASE("a request that the link was lost over is asked again when it is back", "[cloud]") {
    broker mosquitto;
    mosquitto.start();
    const honest_answers honest;
    auto silent = std::make_unique<scripted_cloud>(mosquitto.plain_port,
                                                   [](const message&) { return std::vector<message>{}; });
    running_session line(mosquitto.settings());
    const board made("SN0001");
    ended<station::issued_certificate> end;

    const auto ask = [&]() -> asio::awaitable<void> {
        end = co_await end_of(line.session.create_certificate(certificate_for(made)));
    };
    const auto trip = [&]() -> asio::awaitable<void> {
        while (line.session.status().in_flight == 0) co_await line.time.wait_for(milliseconds{10});
        silent.reset();
        mosquitto.restart();
        const scripted_cloud aws(mosquitto.plain_port, honest);
        while (end.code.empty() && !end.value) co_await line.time.wait_for(milliseconds{10});
    };
    using namespace asio::experimental::awaitable_operators;
    const auto both = [&]() -> asio::awaitable<void> { co_await (ask() && trip()); };
    line.during(both());

    CHECK(end.code.empty());
    CHECK(line.session.counters().losses == 1);
}

TEST_CASE("a link that nothing comes over any more is given up, and the request asked again over the next",
          "[cloud]") {
    broker mosquitto;
    mosquitto.start();
    const scripted_cloud aws(mosquitto.plain_port, honest_answers{});
    auto settings = mosquitto.settings();
    settings.silence = milliseconds{500};
    settings.request_timeout = milliseconds{10'000};
    settings.connect_timeout = milliseconds{1'000};
    running_session line(settings);
    const board made("SN0001");
    ended<station::issued_certificate> end;

    const auto trip = [&]() -> asio::awaitable<void> {
        co_await line.session.available();
        mosquitto.freeze();
        const auto ask = [&]() -> asio::awaitable<void> {
            end = co_await end_of(line.session.create_certificate(certificate_for(made)));
        };
        const auto thaw = [&]() -> asio::awaitable<void> {
            while (line.session.status().connected) co_await line.time.wait_for(milliseconds{10});
            mosquitto.thaw();
        };
        using namespace asio::experimental::awaitable_operators;
        co_await (ask() && thaw());
    };
    line.during(trip());

    CHECK(end.code.empty());
    CHECK(line.session.counters().losses == 1);
    CHECK(line.session.counters().lanes.at("$aws/certificates/create-from-csr/json").asked_again == 1);
    const auto& told = line.notes.statuses;
    CHECK(std::any_of(told.begin(), told.end(), [](const auto& status) {
        return status.trouble_code == "cloud-connection-lost" &&
               status.trouble.find("Nothing came from localhost") != std::string::npos;
    }));
}

TEST_CASE("boards wait while the cloud is away, and are told why when their patience ends", "[cloud]") {
    broker mosquitto;  // never started
    auto settings = mosquitto.settings();
    settings.patience = milliseconds{600};
    running_session line(settings);
    const board made("SN0001");
    ended<station::issued_certificate> end;

    const auto ask = [&]() -> asio::awaitable<void> {
        end = co_await end_of(line.session.create_certificate(certificate_for(made)));
    };
    line.during(ask());

    CHECK(end.code == "cloud-unreachable");
    CHECK(end.words.find("refuses connections") != std::string::npos);
}

TEST_CASE(
    "a link that drops whenever something is published is a policy's work, and nothing is sent for ever",
    "[cloud]") {
    broker mosquitto;
    // As AWS does for a topic that is not allowed: the connection is closed, without a word.
    mosquitto.extra = "max_packet_size 400\n";
    mosquitto.start();
    running_session line(mosquitto.settings());
    const board made("SN0001");
    ended<station::issued_certificate> first, second;

    const auto ask = [&]() -> asio::awaitable<void> {
        first = co_await end_of(line.session.create_certificate(certificate_for(made)));
        second = co_await end_of(line.session.create_certificate(certificate_for(made)));
    };
    line.during(ask());

    CHECK(first.code == "cloud-policy-denies");
    CHECK(first.words.find("$aws/certificates/create-from-csr/json") != std::string::npos);
    CHECK(second.code == "cloud-policy-denies");
    CHECK(line.session.counters().lanes.at("$aws/certificates/create-from-csr/json").asked_again == 1);
}

TEST_CASE("the session is stopped in the middle of everything, at once", "[cloud]") {
    broker mosquitto;
    mosquitto.start();
    const scripted_cloud aws(mosquitto.plain_port, [](const message&) { return std::vector<message>{}; });
    const auto began = std::chrono::steady_clock::now();
    {
        running_session line(mosquitto.settings());
        const board made("SN0001");
        const auto ask = [&]() -> asio::awaitable<void> {
            co_await line.session.create_certificate(certificate_for(made));
        };
        using namespace asio::experimental::awaitable_operators;
        const auto soon = [&]() -> asio::awaitable<void> {
            while (line.session.status().in_flight == 0) co_await line.time.wait_for(milliseconds{5});
        };
        const auto both = [&]() -> asio::awaitable<void> { co_await (ask() || soon()); };
        line.during(both());
        CHECK(line.session.status().in_flight == 0);
    }
    CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds{3});
}

TEST_CASE("a replaced claim is used for the next connection, without a restart", "[cloud]") {
    broker mosquitto;
    mosquitto.start();
    running_session line(mosquitto.settings());

    const auto replace = [&]() -> asio::awaitable<void> {
        co_await line.session.available();
        certificate_wish wish;
        wish.common_name = "Second claim";
        mosquitto.write_claim(wish);
        line.session.claim_replaced();
        while (line.session.status().connected) co_await line.time.wait_for(milliseconds{5});
        co_await line.session.available();
    };
    line.during(replace());

    CHECK(line.session.counters().connects == 2);
}
