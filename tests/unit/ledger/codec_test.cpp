// SPDX-License-Identifier: Apache-2.0
#include "ledger/event_codec.hpp"

#include <catch2/catch.hpp>
#include <cstdio>
#include <memory>
#include <random>

#include "ledger_fixture.hpp"

using namespace fleetline;
using namespace fleetline::test;

namespace {

std::string output_of(const std::string& command) {
    std::string text;
    FILE* pipe = popen(command.c_str(), "r");
    REQUIRE(pipe != nullptr);
    char some[512];
    while (fgets(some, sizeof some, pipe) != nullptr) text += some;
    text += "exit " + std::to_string(WEXITSTATUS(pclose(pipe)));
    return text;
}

}  // namespace

TEST_CASE("an event comes back from its payload as it was", "[ledger][codec]") {
    ledger::registered what;
    what.certificate = certificate_id("c1");
    what.thing = thing_name("a \"thing\" \\ with\ttab \x01 and \xc3\xa4");
    what.device_configuration = {{"a", ""}, {"b,}", "x\ny"}, {"\"", "{}"}};

    const auto payload = ledger::payload_of(ledger::event(what));
    const auto back = ledger::event_from("registered", payload);

    REQUIRE(back);
    const auto& same = std::get<ledger::registered>(*back);
    CHECK(same.thing == what.thing);
    CHECK(same.certificate == what.certificate);
    CHECK(same.device_configuration == what.device_configuration);
}

TEST_CASE("payloads are canonical: sorted, without spaces, without what says nothing", "[ledger][codec]") {
    ledger::attempt_finished what;
    what.outcome = "passed";
    what.duration_ms = -5;
    what.step_ms = {{"issue", 40}, {"csr", 0}};

    CHECK(ledger::payload_of(ledger::event(what)) ==
          R"({"duration_ms":-5,"outcome":"passed","step_ms":{"csr":0,"issue":40}})");
    what.request_ms = {{"sent", 3}};
    CHECK(ledger::payload_of(ledger::event(what)) ==
          R"({"duration_ms":-5,"outcome":"passed","request_ms":{"sent":3},"step_ms":{"csr":0,"issue":40}})");
    what.transcript_sha256 = "ab";
    CHECK(ledger::payload_of(ledger::event(what))
              .ends_with(R"("step_ms":{"csr":0,"issue":40},"transcript_sha256":"ab"})"));
    CHECK(ledger::payload_of(ledger::event(ledger::station_stopped{})) == "{}");
}

TEST_CASE("the start of an attempt says who was signed on; one without is as older versions wrote it",
          "[ledger][codec]") {
    ledger::attempt_started what{attempt_id("a1"), slot_name("A1"), "usb-1", product_name("meter")};
    const std::string older = R"({"attempt_id":"a1","port":"usb-1","product":"meter","slot":"A1"})";
    CHECK(ledger::payload_of(ledger::event(what)) == older);
    const auto back = ledger::event_from("attempt-started", older);
    REQUIRE(back);
    CHECK(std::get<ledger::attempt_started>(*back).operator_name.empty());

    what.operator_name = "kim";
    const std::string newer =
        R"({"attempt_id":"a1","operator_name":"kim","port":"usb-1","product":"meter","slot":"A1"})";
    CHECK(ledger::payload_of(ledger::event(what)) == newer);
    const auto again = ledger::event_from("attempt-started", newer);
    REQUIRE(again);
    CHECK(std::get<ledger::attempt_started>(*again).operator_name == "kim");
}

TEST_CASE("bytes that are no text are recorded readably", "[ledger][codec]") {
    CHECK(ledger::payload_of(ledger::event(ledger::station_stopped{"a\xff\xfe"})) ==
          R"({"why":"a\\xff\\xfe"})");
}

TEST_CASE("members that a newer version added are skipped", "[ledger][codec]") {
    const auto back = ledger::event_from(
        "order-closed", R"({"a":{"x":[1,"}"]},"by":"kim","more":[{"a":"]"}],"order":"WO-1","zz":null})");

    REQUIRE(back);
    CHECK(std::get<ledger::order_closed>(*back).by == "kim");
    CHECK(std::get<ledger::order_closed>(*back).order.text() == "WO-1");
}

TEST_CASE("no payload, however broken, is read beyond its end or accepted as another", "[ledger][codec]") {
    ledger::issued what;
    what.certificate = certificate_id("c1");
    what.certificate_pem = "line\nline \"\\\x02";
    what.not_after = utc_time{std::chrono::hours{1}};
    const std::string good = ledger::payload_of(ledger::event(std::move(what)));
    const std::string odd = std::string("\"\\{}[],:u0n") + '\xff';
    std::mt19937 chance(7);

    for (std::size_t length = 0; length < good.size(); ++length)
        CHECK_FALSE(ledger::event_from("issued", std::string(good.substr(0, length))));
    for (int i = 0; i < 20'000; ++i) {
        std::string broken = good;
        for (unsigned n = 0; n <= chance() % 3; ++n)
            broken[chance() % broken.size()] = odd[chance() % odd.size()];
        const std::unique_ptr<char[]> exact(new char[broken.size()]);  // so that the sanitizer sees its end
        std::copy(broken.begin(), broken.end(), exact.get());
        (void)ledger::event_from("issued", {exact.get(), broken.size()});
        (void)ledger::event_from("attempt-finished", {exact.get(), broken.size()});
        (void)ledger::steps_from_json({exact.get(), broken.size()});
    }
    CHECK_FALSE(ledger::event_from("no-such-kind", "{}"));
}

TEST_CASE("a script of forty lines finds the chain as it should be, and as it should not",
          "[ledger][codec]") {
    ledger_fixture line;
    board_story(line, "attempt-1", "SN0001 \xe5\xba\x8f\xe5\x88\x97").pass();
    line.append(ledger::station_stopped{"odd \x7f \x1f \b\f \xff text"});
    const std::string check = "python3 " FLEETLINE_SOURCE_DIR "/tests/unit/ledger/verify_chain.py " +
                              line.how.file.string() + " 2>&1";

    CHECK(output_of(check) == "13 " + line.query("SELECT lower(hex(hash)) FROM head") + "\nexit 0");

    line.sql("DROP TRIGGER event_is_not_changed; UPDATE event SET payload = '{}' WHERE seq = 5");
    CHECK(output_of(check) == "event 5 does not have its hash\nexit 1");
}
