// SPDX-License-Identifier: Apache-2.0
// Every certificate that the cloud may have made and nobody will ever name is told of, whatever became of its
// answer; and the answer for one certificate of a serial never counts for another. The traffic alone, in
// virtual time.
#include <catch2/catch.hpp>

#include "scripted_cloud.hpp"
#include "wire_alone.hpp"

using namespace fleetline;
using namespace fleetline::tests;

namespace {

message half_of(message whole) {
    whole.payload.resize(whole.payload.size() / 2);
    return whole;
}

}  // namespace

TEST_CASE("an answer that cannot be read may have been a certificate", "[cloud][books]") {
    const honest_answers honest;
    wire_alone line;
    line.ask(board("SN0001"));
    REQUIRE(line.sent.size() == 1);

    line.answer(half_of(honest.create(line.sent[0])));
    line.later(milliseconds{2'000});
    REQUIRE(line.sent.size() == 2);
    line.answer(honest.create(line.sent[1]));

    CHECK(line.issued == 1);
    CHECK(line.said_to_be_lost() == 1);
}

TEST_CASE("of several that wait, the one whose answer could not be read may have been served",
          "[cloud][books]") {
    const honest_answers honest;
    wire_alone line;
    line.ask(board("SN0001"));
    line.ask(board("SN0002"));
    REQUIRE(line.sent.size() == 2);

    line.answer(half_of(honest.create(line.sent[0])));
    line.answer(honest.create(line.sent[1]));
    line.later(milliseconds{12'000});
    REQUIRE(line.sent.size() == 3);
    line.answer(honest.create(line.sent[2]));

    CHECK(line.issued == 2);
    CHECK(line.said_to_be_lost() == 1);
}

TEST_CASE("of two that wait and one refusal, each may have been served", "[cloud][books]") {
    const honest_answers honest;
    wire_alone line;
    line.ask(board("SN0001"));
    line.ask(board("SN0002"));
    REQUIRE(line.sent.size() == 2);

    line.answer(honest_answers::reject(line.sent[0], 403, "AccessDenied", "no"));
    line.later(milliseconds{12'000});
    for (std::size_t next = 2; next < 4; ++next) {
        REQUIRE(line.sent.size() == next + 1);
        line.answer(honest.create(line.sent[next]));
        line.later(milliseconds{2'000});
    }

    CHECK(line.issued == 2);
    CHECK(line.said_to_be_lost() == 2);
}

TEST_CASE("a refusal that is one request's own leaves nothing to account for", "[cloud][books]") {
    const honest_answers honest;
    wire_alone line;
    line.ask(board("SN0001"));

    line.answer(honest_answers::reject(line.sent[0], 403, "AccessDenied", "no"));

    CHECK(line.issued == 0);
    CHECK(line.notes.certificates.empty());
}

TEST_CASE("a refusal soon after the start may be for what an earlier life of the station asked",
          "[cloud][books]") {
    auto after_a_start = wire_alone::settings();
    after_a_start.earlier_life = true;
    wire_alone line(after_a_start);
    const honest_answers honest;
    const board made("SN0001");
    const auto no = [&](int status) {
        line.answer(honest_answers::reject(line.sent.back(), status, "Whatever", "no"));
    };
    SECTION("busy: what was asked may have been done, and its answer lost") {
        line.ask(made);
        no(429);
        line.later(milliseconds{1'000});
        REQUIRE(line.sent.size() == 2);
        line.answer(honest.create(line.sent.back()));
        CHECK(line.issued == 1);
        CHECK(line.said_to_be_lost() == 1);
    }
    SECTION("refused: it is asked once more, alone, and then believed") {
        line.enroll(made, "first");
        no(403);
        CHECK(line.ends.count("first") == 0);
        line.later(milliseconds{1'000});
        REQUIRE(line.sent.size() == 2);
        no(403);
        CHECK(line.ends["first"] == "cloud-denied");
    }
    SECTION("later it is believed at once") {
        line.later(milliseconds{80'000});
        line.enroll(made, "first");
        no(403);
        CHECK(line.ends["first"] == "cloud-denied");
    }
}

TEST_CASE("the late answer for a serial's earlier certificate is not taken for its newer one",
          "[cloud][books]") {
    wire_alone line;
    const board made("SN0001");
    line.enroll(made, "first");
    line.later(milliseconds{40'000});
    REQUIRE(line.sent.size() == 2);  // asked, and asked again; nobody answered
    REQUIRE(line.ends["first"] == "cloud-no-answer");

    line.enroll(made, "second");
    line.later(milliseconds{50'000});
    REQUIRE(line.sent.size() == 2);
    line.answer(honest_answers::register_thing(line.sent[1]));
    CHECK(line.ends.count("second") == 0);

    // Now it can no longer come, and the newer one has all of its patience left.
    line.later(milliseconds{10'000});
    REQUIRE(line.sent.size() == 3);
    CHECK(line.sent[2].payload.find("token of second") != std::string::npos);
    line.later(milliseconds{19'000});
    line.answer(honest_answers::register_thing(line.sent[2]));
    CHECK(line.ends["second"] == "registered");
}

TEST_CASE("a second copy of the answer for an earlier certificate is not taken for the newer one",
          "[cloud][books]") {
    wire_alone line;
    const board made("SN0001");
    line.enroll(made, "first");
    const auto first = honest_answers::register_thing(line.sent[0]);
    line.answer(first);
    REQUIRE(line.ends["first"] == "registered");

    line.enroll(made, "second");
    line.answer(first);
    CHECK(line.ends.count("second") == 0);

    // Even over another connection.
    line.wire.link_lost(line.now);
    line.later(milliseconds{79'000});
    line.wire.link_up(16);
    line.answer(first);
    CHECK(line.ends.count("second") == 0);

    line.later(milliseconds{1'000});
    REQUIRE(line.sent.size() == 2);
    line.answer(honest_answers::register_thing(line.sent[1]));
    CHECK(line.ends["second"] == "registered");
}

TEST_CASE("a serial's earlier certificate is not forgotten for all the boards that come between",
          "[cloud][books]") {
    auto fast = wire_alone::settings();
    fast.register_thing = {1e6, 1e6};
    wire_alone line(fast);
    board made("SN0001");
    line.enroll(made, "first");
    line.answer_at_once(honest_answers::register_thing(line.sent.back()));
    for (int number = 0; number < 3'000; ++number) {
        made.serial = "SN1" + std::to_string(number);
        line.enroll(made, made.serial);
        line.answer_at_once(honest_answers::register_thing(line.sent.back()));
    }
    REQUIRE(line.ends[made.serial] == "registered");

    made.serial = "SN0001";
    line.enroll(made, "second");
    line.answer_at_once(honest_answers::register_thing(line.sent.front()));
    CHECK(line.ends.count("second") == 0);
}

TEST_CASE("where the template repeats the certificate id, a newer certificate waits for nothing",
          "[cloud][books]") {
    wire_alone line;
    line.certificate_echo = "certificate";
    const board made("SN0001");
    line.enroll(made, "first", true);
    REQUIRE(line.sent.size() == 1);
    const auto first = honest_answers::register_thing(line.sent[0], "first");
    line.answer(first);
    REQUIRE(line.ends["first"] == "registered");

    line.enroll(made, "second", true);
    REQUIRE(line.sent.size() == 2);
    SECTION("and copies of earlier answers are not its") {
        line.answer(first);
        line.later(milliseconds{15'000});
        line.answer(first);
        CHECK(line.ends.count("second") == 0);
        line.answer(honest_answers::register_thing(line.sent[1], "second"));
        CHECK(line.ends["second"] == "registered");
    }
    SECTION("and an answer without the id is not taken, and says why") {
        line.answer(honest_answers::register_thing(line.sent[1]));
        CHECK(line.ends["second"] == "cloud-answer-mismatched");
        CHECK(line.notes.registrations.back().why ==
              "the template's DeviceConfiguration has no 'certificate' that repeats the certificate id");
    }
    SECTION("and one about a certificate of an earlier life is told as such, and fails nobody") {
        line.answer(honest_answers::register_thing(line.sent[1], "long ago"));
        CHECK(line.notes.registrations.back().why == "it is about an earlier certificate of this board");
        line.later(milliseconds{40'000});
        CHECK(line.ends["second"] == "cloud-no-answer");
    }
    SECTION("and its id with another serial is nobody's") {
        auto answer = honest_answers::register_thing(line.sent[1], "second");
        answer.payload.replace(answer.payload.find(R"("serial":"SN0001")"), 17, R"("serial":"SN0002")");
        line.answer(answer);
        CHECK(line.ends["second"] == "cloud-answer-mismatched");
    }
}

TEST_CASE("what an earlier life of the station asked for may be answered yet", "[cloud][books]") {
    wire_alone line;
    const board made("SN0001");
    line.enroll(made, "second", true);
    REQUIRE(line.sent.empty());
    const board other("SN0002");
    line.enroll(other, "another's");  // nobody else waits
    REQUIRE(line.sent.size() == 1);
    const auto ask = line.sent[0];
    line.answer(honest_answers::register_thing(ask));
    REQUIRE(line.ends["another's"] == "registered");

    line.later(milliseconds{79'000});
    REQUIRE(line.sent.size() == 1);
    line.answer(honest_answers::register_thing({ask.topic, R"({"parameters":{"SerialNumber":"SN0001"}})"}));
    CHECK(line.ends.count("second") == 0);

    line.later(milliseconds{2'000});
    REQUIRE(line.sent.size() == 2);
    line.answer(honest_answers::register_thing(line.sent[1]));
    CHECK(line.ends["second"] == "registered");
}

TEST_CASE("the same certificate again waits for nothing", "[cloud][books]") {
    wire_alone line;
    const board made("SN0001");
    line.enroll(made, "first");
    line.later(milliseconds{40'000});
    REQUIRE(line.ends["first"] == "cloud-no-answer");

    line.enroll(made, "first");
    REQUIRE(line.sent.size() == 3);
    line.answer(honest_answers::register_thing(line.sent[0]));
    CHECK(line.ends["first"] == "registered");
}

TEST_CASE("after a refusal that was its own a newer certificate goes at once", "[cloud][books]") {
    wire_alone line;
    const board made("SN0001");
    line.enroll(made, "first");
    line.answer(honest_answers::reject(line.sent[0], 400, "InvalidCertificateOwnershipToken", "no"));
    REQUIRE(line.ends["first"] == "cloud-token-refused");

    line.enroll(made, "second");
    CHECK(line.sent.size() == 2);
}

TEST_CASE(
    "a registration answer that comes too late is told of with its attempt, once, and credited to nobody",
    "[cloud][books]") {
    wire_alone line;
    line.enroll(board("SN0001"), "first");
    line.later(milliseconds{40'000});
    REQUIRE(line.ends["first"] == "cloud-no-answer");
    line.enroll(board("SN0002"), "another's");

    line.answer(honest_answers::register_thing(line.sent[1]));

    CHECK(line.ends["first"] == "cloud-no-answer");
    CHECK(line.ends.count("another's") == 0);
    REQUIRE(line.notes.registrations.size() == 1);
    CHECK(line.notes.registrations[0].id == "board-SN0001");
    CHECK(line.notes.registrations[0].attempt == "attempt-SN0001");
    CHECK(line.notes.registrations[0].why.find("after its request had been given up") != std::string::npos);

    line.answer(honest_answers::register_thing(line.sent[2]));
    CHECK(line.ends["another's"] == "registered");
    line.answer(
        honest_answers::register_thing({line.sent[2].topic, R"({"parameters":{"SerialNumber":"X9"}})"}));
    REQUIRE(line.notes.registrations.size() == 2);
    CHECK(line.notes.registrations[1].attempt.empty());
}

TEST_CASE("a request that failed tells when it was sent, acknowledged and answered, each time", "[cloud]") {
    wire_alone line;
    line.enroll(board("SN0001"), "refused");
    line.later(milliseconds{30});
    line.wire.acknowledged(1, line.now);
    line.later(milliseconds{19'970});  // it is asked again
    REQUIRE(line.sent.size() == 2);
    line.answer(honest_answers::reject(line.sent[1], 403, "AccessDenied", "no"));

    CHECK(line.ends.at("refused") == "cloud-denied");
    CHECK(line.times.at("refused") ==
          station::request_times{
              {"sent-1", 0}, {"acknowledged-1", 30}, {"sent", 20'000}, {"answered", 20'050}});

    line.enroll(board("SN0002"), "forgotten");
    line.later(milliseconds{60'000});
    CHECK(line.ends.at("forgotten") == "cloud-no-answer");
    CHECK(line.times.at("forgotten") == station::request_times{{"sent-1", 0}, {"sent", 20'000}});
}
