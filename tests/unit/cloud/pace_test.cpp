// SPDX-License-Identifier: Apache-2.0
// How fast the session asks, and whose turn it is: in virtual time.
#include "cloud/pace.hpp"

#include <catch2/catch.hpp>

#include "scripted_cloud.hpp"
#include "wire_alone.hpp"

using namespace fleetline;
using namespace fleetline::tests;

namespace {

constexpr auto second = milliseconds{1'000};

/// How many may go within `time`, asked for all the time.
int taken(cloud::pace& speed, monotonic_time& now, milliseconds time) {
    int count = 0;
    for (const auto end = now + time; now < end; now += milliseconds{1}) {
        for (; speed.ready(now); ++count) speed.take(now);
    }
    return count;
}

/// Many boards, and a cloud that answers each request well at once, unless it is told otherwise.
struct quick_cloud {
    explicit quick_cloud(const cloud::session_settings& settings, int boards) : line(settings) {
        for (int number = 0; number < boards; ++number) {
            const board made("SN" + std::to_string(1000 + number));
            line.enroll(made, made.serial);
        }
    }

    /// How many are sent within `time`.
    std::size_t served(milliseconds time) {
        const auto before = line.sent.size();
        for (; time > milliseconds{0}; time -= milliseconds{10}) {
            line.later(milliseconds{10});
            while (answered < line.sent.size()) {
                const auto asked = line.sent[answered++];
                line.answer_at_once(honest_answers::register_thing(asked));
            }
        }
        return line.sent.size() - before;
    }

    void refuse_next(int status) {
        while (answered == line.sent.size()) line.later(milliseconds{10});
        const auto asked = line.sent[answered++];
        line.answer_at_once(honest_answers::reject(asked, status, "Busy", "later"));
    }

    wire_alone line;
    std::size_t answered = 0;
};

std::size_t asked_of(const wire_alone& line, const std::string& topic) {
    return static_cast<std::size_t>(std::count_if(line.sent.begin(), line.sent.end(),
                                                  [&](const auto& one) { return one.topic == topic; }));
}

}  // namespace

TEST_CASE("a burst goes at once, and then as many a second as the limit says", "[cloud][pace]") {
    cloud::pace speed({4.0, 6.0});
    monotonic_time now{second};

    CHECK(taken(speed, now, milliseconds{1}) == 6);
    CHECK(taken(speed, now, 10 * second) == 40);

    now += 60 * second;  // what is not used is not saved up beyond the burst
    CHECK(taken(speed, now, milliseconds{1}) == 6);
    CHECK(speed.next(now) == now + milliseconds{249});
}

TEST_CASE("a cloud that is busy is asked half as often, and each good answer makes up for some of it",
          "[cloud][pace]") {
    cloud::pace speed({64.0, 1.0});
    monotonic_time now{second};
    speed.slow_down(now);
    CHECK(speed.per_second() == Approx(32.0));
    speed.slow_down(now + milliseconds{499});  // the same overload
    CHECK(speed.per_second() == Approx(32.0));
    speed.slow_down(now + milliseconds{500});
    CHECK(speed.per_second() == Approx(16.0));

    for (int turn = 2; turn < 20; ++turn) speed.slow_down(now + turn * second);
    CHECK(speed.per_second() == Approx(2.0));  // never so slow that nothing goes
    speed.speed_up();
    CHECK(speed.per_second() == Approx(3.0));
    for (int turn = 0; turn < 100; ++turn) speed.speed_up();
    CHECK(speed.per_second() == Approx(64.0));
}

TEST_CASE("each call has a pace of its own", "[cloud][pace]") {
    auto settings = wire_alone::settings();
    settings.window = 64;
    settings.create = {1.0, 2.0};
    settings.register_thing = {3.0, 4.0};
    wire_alone line(settings);
    for (int number = 0; number < 30; ++number) {
        const board made("SN" + std::to_string(100 + number));
        line.ask(made);
        line.enroll(made, "of " + made.serial);
    }

    CHECK(asked_of(line, cloud::create_topics(settings.format).request) == 2);
    CHECK(asked_of(line, cloud::register_topics(settings.format, "boards").request) == 4);
    line.later(5 * second);
    CHECK(asked_of(line, cloud::create_topics(settings.format).request) == 2 + 5);
    CHECK(asked_of(line, cloud::register_topics(settings.format, "boards").request) == 4 + 15);
}

TEST_CASE("whoever waits longest is next, whatever it asks for", "[cloud][pace]") {
    auto settings = wire_alone::settings();
    settings.window = 1;
    settings.create = settings.register_thing = {1'000.0, 1'000.0};
    wire_alone line(settings);
    const honest_answers honest;
    const board first("SN0001"), second_one("SN0002"), third("SN0003");
    line.enroll(first, "is being served");
    const auto after_a_moment = [&line] { line.later(milliseconds{10}); };
    after_a_moment();
    line.ask(second_one);
    after_a_moment();
    line.enroll(second_one, "second");
    after_a_moment();
    line.ask(third);
    after_a_moment();
    line.enroll(third, "third");

    const auto create = cloud::create_topics(settings.format).request;
    for (std::size_t at = 0; at < 5; ++at) {
        REQUIRE(line.sent.size() == at + 1);
        const auto asked = line.sent[at];
        line.answer(asked.topic == create ? honest.create(asked) : honest_answers::register_thing(asked));
    }

    CHECK(line.sent[1].topic == create);
    CHECK(line.sent[2].payload.find("token of second") != std::string::npos);
    CHECK(line.sent[3].topic == create);
    CHECK(line.sent[4].payload.find("token of third") != std::string::npos);
}

TEST_CASE("a slot whose boards keep asking takes its turn behind those that ask once", "[cloud][pace]") {
    auto settings = wire_alone::settings();
    settings.window = 1;
    settings.register_thing = {1'000.0, 1'000.0};
    wire_alone line(settings);
    line.enroll(board("GREEDY-0"), "greedy");
    line.later(milliseconds{10});
    for (int number = 0; number < 8; ++number) {
        const board patient("PATIENT-" + std::to_string(number));
        line.enroll(patient, patient.serial);
    }

    // Whenever one of the greedy slot's is answered, its next one asks.
    std::vector<std::string> order;
    for (std::size_t at = 0; at < line.sent.size(); ++at) {
        const auto asked = line.sent[at];
        order.push_back(serial_in(asked).substr(0, 6));
        if (order.back() == "GREEDY" && at < 20) {
            const board again("GREEDY-" + std::to_string(at + 1));
            line.enroll(again, again.serial);
        }
        line.answer(honest_answers::register_thing(asked));
    }

    REQUIRE(order.size() > 9);
    CHECK(order[0] == "GREEDY");
    for (std::size_t at = 1; at < 9; ++at) CHECK(order[at] == "PATIEN");
    CHECK(order[9] == "GREEDY");
}

TEST_CASE("a cloud that says it is busy slows its call down, and it comes back to speed", "[cloud][pace]") {
    const int status = GENERATE(429, 500, 503);
    auto settings = wire_alone::settings();
    settings.register_thing = {8.0, 1.0};
    settings.patience = std::chrono::hours{1};
    quick_cloud aws(settings, 400);
    aws.served(second);
    CHECK(aws.served(4 * second) == Approx(32).margin(1));

    aws.refuse_next(status);
    const auto slowed = aws.served(2 * second);
    CHECK(slowed >= 6);
    CHECK(slowed <= 10);

    aws.served(20 * second);
    CHECK(aws.served(4 * second) == Approx(32).margin(1));
    const auto counted = aws.line.wire.counters();
    CHECK(counted.at(cloud::register_topics(settings.format, "boards").request).throttled == 1);
}
