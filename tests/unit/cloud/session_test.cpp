// SPDX-License-Identifier: Apache-2.0
#include "cloud/session.hpp"

#include <catch2/catch.hpp>

#include "broker.hpp"
#include "cloud/bell.hpp"
#include "line.hpp"
#include "scripted_cloud.hpp"

using namespace fleetline;
using namespace fleetline::tests;
namespace asio = boost::asio;

TEST_CASE("a board gets its certificate and its thing over the shared session", "[cloud]") {
    broker mosquitto;
    mosquitto.start();
    const scripted_cloud aws(mosquitto.plain_port, honest_answers());
    running_session line(mosquitto.settings());
    const board made("SN0001");
    std::optional<station::issued_certificate> issued;
    std::optional<station::registration> registered;

    const auto provision = [&]() -> asio::awaitable<void> {
        co_await line.session.available();
        issued = co_await line.session.create_certificate(certificate_for(made));
        registered = co_await line.session.register_thing(
            registration_for(made, std::string(issued->ownership_token.reveal())));
    };
    line.during(provision());

    REQUIRE(issued);
    CHECK(issued->id.text() == sha256_of_certificate(issued->pem));
    CHECK(issued->ownership_token.reveal() == "token-of-" + issued->id.text());
    REQUIRE(registered);
    CHECK(registered->thing.text() == "board-SN0001");
    CHECK(registered->device_configuration.at("colour") == "green");
    CHECK(line.notes.certificates.empty());
    CHECK(line.notes.statuses.front().connected);
}

TEST_CASE("sixty-four boards share the session and each gets its own", "[cloud]") {
    broker mosquitto;
    mosquitto.start();
    const scripted_cloud aws(mosquitto.plain_port, honest_answers());
    running_session line(mosquitto.settings());
    std::vector<board> boards;
    for (int number = 0; number < 64; ++number) boards.emplace_back("SN" + std::to_string(1000 + number));
    std::vector<std::string> things(boards.size());

    const auto provision = [&](std::size_t at) -> asio::awaitable<void> {
        const auto& made = boards[at];
        auto issued = co_await line.session.create_certificate(certificate_for(made));
        auto request = registration_for(made, std::string(issued.ownership_token.reveal()));
        auto registered = co_await line.session.register_thing(std::move(request));
        things[at] = registered.thing.text();
    };
    const auto all = [&]() -> asio::awaitable<void> {
        cloud::bell done(line.io.get_executor());
        std::size_t left = boards.size();
        for (std::size_t at = 0; at < boards.size(); ++at) {
            asio::co_spawn(line.io, provision(at), [&](std::exception_ptr error) {
                CHECK(error == nullptr);
                --left;
                done.ring();
            });
        }
        while (left > 0) co_await done.wait();
    };
    line.during(all());

    for (std::size_t at = 0; at < boards.size(); ++at) CHECK(things[at] == "board-" + boards[at].serial);
    CHECK(line.session.counters().lanes.at("$aws/certificates/create-from-csr/json").accepted == 64);
}
