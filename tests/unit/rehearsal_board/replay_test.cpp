// SPDX-License-Identifier: Apache-2.0
// The board answers as the real firmware was captured to answer, byte for byte once keys, ticks and the
// moments at which log lines come are taken out.
#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "bench.hpp"
#include "transcript.hpp"

namespace {

using namespace std::chrono_literals;

void replace_all(std::string& text, const std::string& from, const std::string& to) {
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
        text.replace(at, from.size(), to);
}

// Plays a capture against a board. Known differences are applied to what the capture says.
void replay(const std::string& name, std::vector<std::string> arguments,
            const std::vector<std::pair<std::string, std::string>>& known = {},
            const std::string& chatter = "0") {
    arguments.insert(arguments.end(), {"--count", "1"});
    bench::boards boards(arguments);
    boards.event("booted");
    bench::host host(boards.usb());
    host.until_quiet();
    boards.control("chatter SN000001 " + chatter);

    std::string expected_all, actual_all;    // for the log lines
    std::string expected_tail, actual_tail;  // from the start of the line at which both were last the same
    for (const auto& step : transcript::load(name)) {
        CAPTURE(name, step.note, transcript::visible(step.sent));
        host.send(step.sent);
        expected_all += step.answered;
        expected_tail += step.answered;
        auto expected = transcript::comparable(expected_tail);
        for (const auto& [from, to] : known) replace_all(expected, from, to);
        const auto deadline = bench::clock::now() + 5s;
        auto actual = transcript::comparable(actual_tail);
        while (actual != expected && bench::clock::now() < deadline) {
            const auto more = bench::read_some(host.fd(), 50ms);
            actual_all += more;
            actual_tail += more;
            actual = transcript::comparable(actual_tail);
        }
        if (actual != expected)
            FAIL("expected " << transcript::visible(expected) << "\nactual   "
                             << transcript::visible(actual));
        expected_tail = transcript::last_line(expected_tail);
        actual_tail = transcript::last_line(actual_tail);
        if (step.answered.find("Reset Source") != std::string::npos) boards.event("booted");
    }
    boards.control("chatter SN000001 0");
    actual_all += host.until_quiet();
    CHECK(transcript::log_messages(actual_all) == transcript::log_messages(expected_all));
}

}  // namespace

TEST_CASE("the line editor is the captured one") {
    replay("line-editor", {});
}

TEST_CASE("help, heapstat, rngtest, usage errors, reset and assert are the captured ones", "[by-hand]") {
    replay("help-and-misc", {"--watchdog-ms", "100"});
}

TEST_CASE("conf is the captured one") {
    // The capture ran on a 64-bit machine; the device has 32 bits.
    replay("conf", {}, {{"mqtt_port=1215752191", "mqtt_port=4294967295"}});
}

TEST_CASE("making a key, a request and importing certificates is as captured") {
    replay("pki-happy-path", {});
}

TEST_CASE("every captured pki error is the captured one", "[by-hand]") {
    replay("pki-error-cases", {"--watchdog-ms", "1500"});
}

TEST_CASE("a capture with a log line every 37 ms differs in nothing but the log lines") {
    replay("async-log-interleave", {}, {}, "37");
}

TEST_CASE("a whole certificate pasted at 115200 baud goes in as captured", "[by-hand]") {
    replay("paste-fast", {});
}

TEST_CASE("the captured recoveries from seven half-done states work") {
    replay("resync", {});
}

TEST_CASE("what AWS' provisioning script sent to the real console gets the captured answers") {
    replay("client-quiet", {});
}
