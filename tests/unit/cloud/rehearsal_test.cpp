// SPDX-License-Identifier: Apache-2.0
// The session against the rehearsal cloud (another's reading of AWS) and its faults.
#include <catch2/catch.hpp>

#include "cloud/bell.hpp"
#include "line.hpp"
#include "noting_clock.hpp"
#include "rehearsal_cloud.hpp"

using namespace fleetline;
using namespace fleetline::tests;
namespace asio = boost::asio;

namespace {

/// How each board of a batch ends: "passed" or the code.
std::vector<std::string> provision(running_session& line, const std::vector<board>& boards) {
    std::vector<std::string> ends(boards.size());
    const auto one = [&](std::size_t at) -> asio::awaitable<void> {
        const auto& made = boards[at];
        auto issued = co_await end_of(line.session.create_certificate(certificate_for(made)));
        ends[at] = issued.code;
        if (!issued.value) co_return;
        station::registration_request request;
        request.attempt = attempt_id("attempt-" + made.serial);
        request.serial = serial_number(made.serial);
        request.ownership_token = std::move(issued.value->ownership_token);
        request.template_name = "fleetline-rehearsal";
        request.parameters.emplace("SerialNumber", made.serial);
        request.expected_thing = thing_name("fleetline-" + made.serial);
        request.serial_echo_key = "serialNumber";
        auto registered = co_await end_of(line.session.register_thing(std::move(request)));
        ends[at] = registered.value ? "passed" : registered.code;
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

std::vector<board> batch(int how_many, int from) {
    std::vector<board> made;
    for (int number = 0; number < how_many; ++number) made.emplace_back("SN" + std::to_string(from + number));
    return made;
}

std::size_t passed(const std::vector<std::string>& ends) {
    std::string others;
    for (const auto& end : ends) others += end + " ";
    UNSCOPED_INFO(others);
    return static_cast<std::size_t>(std::count(ends.begin(), ends.end(), "passed"));
}

}  // namespace

TEST_CASE("the rehearsal cloud provisions over the session, whatever fault it has", "[cloud][rehearsal]") {
    rehearsal_cloud aws;
    auto settings = aws.settings();
    running_session line(settings);

    CHECK(passed(provision(line, batch(32, 1000))) == 32);

    const std::vector<std::string> harmless{
        R"({"kind":"duplicate","ms":20})",
        R"({"kind":"extra-fields"})",
        R"({"kind":"lose","count":3})",
        R"({"kind":"delay","ms":3000,"count":2})",
        R"({"kind":"throttle","tps":5})",
        R"({"kind":"reject","count":4})",
        R"({"kind":"not-json","count":1})",
        R"({"kind":"disconnect","step":"after-puback","count":1})",
        R"({"kind":"disconnect","step":"after-answer","count":1})",
        R"({"kind":"disconnect","step":"before-puback","count":1})",
        R"({"kind":"outage","mode":"refuse","seconds":2})",
    };
    int from = 2000;
    for (const auto& fault : harmless) {
        aws.fault(fault);
        INFO(fault);
        CHECK(passed(provision(line, batch(8, from))) == 8);
        aws.forget_faults();
        from += 100;
    }
}

TEST_CASE("faults of the rehearsal cloud that concern one board stop that board alone, by name",
          "[cloud][rehearsal]") {
    rehearsal_cloud aws;
    running_session line(aws.settings());
    const std::vector<std::pair<std::string, std::string>> faults{
        {R"({"kind":"hook-denial","serial":"SN3003"})", "cloud-denied"},
        {R"({"kind":"reject","serial":"SN3103","statusCode":400,"errorCode":"Odd","operation":"RegisterThing"})",
         "cloud-rejected"},
        {R"({"kind":"wrong-certificate-id","serial":"SN3203"})", "cloud-certificate-invalid"},
        {R"({"kind":"wrong-thing-name","serial":"SN3303"})", "cloud-answer-mismatched"},
        {R"({"kind":"lose","serial":"SN3403"})", "cloud-no-answer"},
        {R"({"kind":"missing-fields","serial":"SN3503"})", "cloud-answer-invalid"},
    };
    int from = 3000;
    for (const auto& [fault, code] : faults) {
        aws.fault(fault);
        const auto ends = provision(line, batch(8, from));
        INFO(fault);
        CHECK(passed(ends) == 7);
        CHECK(ends[3] == code);
        aws.forget_faults();
        from += 100;
    }
}

TEST_CASE("answer topics that the claim's policy does not allow are named, and nothing is asked",
          "[cloud][rehearsal]") {
    rehearsal_cloud aws;
    auto settings = aws.settings();
    settings.templates = {"another"};
    running_session line(settings);
    const auto denied = [&] {
        return !line.notes.statuses.empty() &&
               line.notes.statuses.back().trouble_code == "cloud-policy-denies";
    };
    const auto look = [&]() -> asio::awaitable<void> {
        while (!denied()) co_await line.time.wait_for(milliseconds{10});
    };
    const auto look_for_a_while = [&]() -> asio::awaitable<void> {
        co_await within(line.time, milliseconds{20'000}, look());
    };
    line.during(look_for_a_while());
    const auto& all = line.notes.statuses;
    const auto told = std::find_if(all.begin(), all.end(),
                                   [](const auto& one) { return one.trouble_code == "cloud-policy-denies"; });

    REQUIRE(told != all.end());
    CHECK_FALSE(told->connected);
    CHECK(told->trouble.find("provisioning-templates/another/provision") != std::string::npos);
    CHECK(line.session.counters().connects == 0);
}

TEST_CASE("the one answer topic over which the cloud closes the connection is found, and seldom tried again",
          "[cloud][rehearsal]") {
    rehearsal_cloud aws({"--limit", "denied_subscribe_disconnects=1"});
    const std::string anything = R"({"Effect":"Allow","Action":"iot:*","Resource":"*"})";
    const std::string topic = "$aws/provisioning-templates/fleetline-rehearsal/provision/json/rejected";
    aws.claim_may(anything + R"(,{"Effect":"Deny","Action":"iot:Subscribe","Resource":"arn:*:topicfilter/)" +
                  topic + R"("})");
    auto settings = aws.settings();
    settings.reconnect_longest = std::chrono::hours{2};
    noting_clock clock;
    running_session line(settings, clock);
    std::uint64_t tries = 0;

    const auto trip = [&]() -> asio::awaitable<void> {
        while (clock.longest_wait < std::chrono::hours{1}) co_await line.time.wait_for(milliseconds{10});
        tries = line.session.counters().connects_failed;
        aws.claim_may(anything);
        line.session.claim_replaced();
        co_await line.session.available();
    };
    line.during(trip());

    std::vector<std::string> told;
    for (const auto& status : line.notes.statuses) told.push_back(status.trouble_code);
    CHECK(told ==
          std::vector<std::string>{"cloud-connection-lost", "cloud-policy-denies", "", "station-stopping"});
    CHECK(line.notes.statuses.at(1).trouble.find("subscribes to " + topic) != std::string::npos);
    CHECK(line.notes.statuses.at(1).trouble.find("topicfilter/" + topic) != std::string::npos);
    CHECK(tries == 3);  // all at once, then one by one until it was the same twice
}
