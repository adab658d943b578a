// SPDX-License-Identifier: Apache-2.0
// Ten minutes without a cloud, in some seconds: how often the session tries, and what becomes of the boards.
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <catch2/catch.hpp>

#include "broker.hpp"
#include "line.hpp"
#include "noting_clock.hpp"
#include "scripted_cloud.hpp"

using namespace fleetline;
using namespace fleetline::tests;
using namespace boost::asio::experimental::awaitable_operators;
namespace asio = boost::asio;

namespace {

constexpr auto outage = std::chrono::minutes{10};
constexpr int rate = 100;

/// With every pause as short as the back-off allows: half of what it has doubled to, and a second at least.
std::uint64_t most_tries(const cloud::session_settings& settings) {
    std::uint64_t tries = 1;
    milliseconds passed{0};
    for (auto doubled = settings.reconnect_least; passed <= outage; ++tries) {
        passed += std::max<milliseconds>(std::chrono::seconds{1}, doubled / 2);
        doubled = std::min(doubled * 2, settings.reconnect_longest);
    }
    return tries;
}

}  // namespace

TEST_CASE("ten minutes without a cloud: few tries, no spinning, and each board ends as it should",
          "[cloud]") {
    broker mosquitto;
    const bool refused = GENERATE(true, false);  // or nothing answers
    auto settings = mosquitto.settings();
    // Whatever is real takes a hundred times as long by this clock.
    settings.connect_timeout = std::chrono::seconds{100};
    settings.request_timeout = settings.silence = std::chrono::minutes{10};
    noting_clock clock(rate);
    running_session line(settings, clock);
    if (!refused) {
        mosquitto.start();
        mosquitto.freeze();
    }
    const board hasty("SN0001"), patient("SN0002");
    ended<station::issued_certificate> given_up, served;
    std::uint64_t tries = 0;
    long waits = 0;
    std::unique_ptr<scripted_cloud> aws;

    const auto ask = [&](const board& made, milliseconds patience,
                         ended<station::issued_certificate>& end) -> asio::awaitable<void> {
        auto request = certificate_for(made);
        request.patience = patience;
        end = co_await end_of(line.session.create_certificate(std::move(request)));
    };
    const auto come_back = [&]() -> asio::awaitable<void> {
        co_await line.time.wait_for(outage);
        tries = line.session.counters().connects_failed;
        waits = clock.waits;
        CHECK(given_up.code == (refused ? "cloud-unreachable" : "cloud-port-blocked"));
        CHECK(line.session.status().queued == 1);
        refused ? mosquitto.start() : mosquitto.thaw();
        aws = std::make_unique<scripted_cloud>(mosquitto.plain_port, honest_answers());
    };
    const auto all = [&]() -> asio::awaitable<void> {
        co_await (ask(hasty, std::chrono::minutes{9}, given_up) &&
                  ask(patient, std::chrono::hours{10}, served) && come_back());
    };
    line.during(all());

    CHECK(served.code.empty());
    CHECK(tries >= 3);
    CHECK(tries <= most_tries(settings));
    CHECK(waits < 20 * static_cast<long>(tries) + 20);
    CHECK(line.session.counters().connects == 1);
}
