// SPDX-License-Identifier: Apache-2.0
// What each command prints for the story's day, compared with files under golden/. After a change that is
// meant: FLEETLINE_WRITE_GOLDEN=1 test_daemon "[golden]", then read the difference.
#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <regex>
#include <sstream>

#include "cli/run.hpp"
#include "ledger/reader.hpp"
#include "station_directory.hpp"

using namespace fleetline;

namespace {

std::string contents(const std::filesystem::path& file) {
    std::ifstream from{file, std::ios::binary};
    return {std::istreambuf_iterator<char>{from}, {}};
}

/// Runs a command in this process, half an hour after the story's end or later.
std::string answer_of(const test::station_directory& station, std::vector<std::string> arguments, bool colour,
                      const char* now = "2026-11-24T09:00:00Z") {
    const auto file = station.path / "output";
    const int descriptor = ::open(file.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    std::ostringstream err;
    int status = 0;
    {
        auto to = report::output::to_descriptor(descriptor, "output");
        cli::screen out{to, colour, colour};
        arguments.insert(arguments.begin(), {"--config", station.config()});
        status = cli::run(arguments, out, err, *parse_rfc3339(now));
    }
    ::close(descriptor);
    return contents(file) + err.str() + "exit status " + std::to_string(status) + '\n';
}

/// Takes out what differs from run to run.
std::string stable(std::string text, const test::station_directory& station) {
    for (auto at = text.find(station.path.string()); at != std::string::npos;
         at = text.find(station.path.string()))
        text.replace(at, station.path.string().size(), "DIR");
    return text;
}

void check(const std::string& name, const std::string& answer) {
    const auto file = std::filesystem::path{FLEETLINE_SOURCE_DIR} / "tests/unit/daemon/golden" / name;
    if (std::getenv("FLEETLINE_WRITE_GOLDEN") != nullptr) std::ofstream{file, std::ios::binary} << answer;
    INFO(name);
    CHECK(answer == contents(file));
}

}  // namespace

TEST_CASE("each command says of a day what its golden file says", "[daemon][golden]") {
    const test::station_directory station;
    station.after_a_day();

    using words = std::vector<std::string>;
    const std::vector<std::pair<std::string, words>> commands{
        {"status.txt", {"status"}},
        {"status.json", {"--json", "status"}},
        {"attempts.txt", {"attempts"}},
        {"attempts-failed.txt", {"attempts", "--outcome", "failed", "--since", "today"}},
        {"attempts-found.txt",
         {"attempts", "--slot", "B2", "--operator", "Lin", "--failure-code", "port-gone", "--search",
          "n000"}},
        {"attempts.jsonl", {"attempts", "--limit", "2", "--json"}},
        {"devices-found.txt", {"devices", "--search", "fleet-sn0002"}},
        {"devices.txt", {"devices"}},
        {"devices.jsonl", {"devices", "--json"}},
        {"certificates.txt", {"certificates"}},
        {"to-revoke.txt", {"certificates", "--to-revoke"}},
        {"to-revoke.csv", {"certificates", "--to-revoke", "--format", "csv"}},
        {"to-revoke.sh", {"certificates", "--to-revoke", "--format", "aws-cli"}},
        {"show-retried.txt", {"show", "SN0003"}},
        {"show-reworked.txt", {"show", "fleet-SN0002"}},
        {"show-refused.txt", {"show", "e660e744bd31"}},
        {"show-under-way.txt", {"show", "SN0006"}},
        {"show.json", {"show", "SN0005", "--json"}},
        {"show-nobody.txt", {"show", "SN9999"}},
        {"report.csv", {"report", "--format", "csv"}},
        {"report.jsonl", {"report", "--format", "jsonl", "--include-failed"}},
        {"config-check.txt", {"config", "check"}},
        {"help.txt", {"--help"}},
        {"help-attempts.txt", {"attempts", "--help"}},
        {"help-audit-verify.txt", {"audit", "verify", "--help"}},
        {"mistyped.txt", {"atempts"}},
        {"unknown-option.txt", {"attempts", "--sinse", "today"}},
        {"stats.txt", {"stats", "--by", "slot"}},
        {"stats-seconds.txt",
         {"stats", "--since", "2026-11-24T06:00:05Z", "--until", "2026-11-24T06:00:16.500Z"}},
        {"no-command.txt", {}},
        {"no-order-command.txt", {"order", "retain"}},
        {"too-long-ago.txt", {"stats", "--since", "1000000w"}},
        {"no-time.txt", {"attempts", "--since", "noon"}},
    };
    for (const auto& [name, arguments] : commands)
        check(name, stable(answer_of(station, arguments, false), station));
    check("status-colour.txt", stable(answer_of(station, {"status"}, true), station));
}

TEST_CASE("an attempt whose board did not even say its serial number is told, with its transcript",
          "[daemon][golden]") {
    const test::station_directory station;
    {
        test::line_story line{station.ledger(), "line-3"};
        line.fails({"", "A1", "sensor", "", ""}, "identify", "device-no-answer",
                   "Waking the console, slot A1: nothing came back in 5 s",
                   "0.000 > \\x0d\\x0a\n5.001 < \x1b[2J\xff\n");
        line.passes({"SN0001", "A2"});
    }
    std::string id;
    ledger::filter failed;
    failed.outcome = "failed";
    ledger::reader{station.ledger()}.attempts(failed, [&id](const ledger::attempt_row& row) {
        id = row.attempt_id;
        return true;
    });

    check("attempts-no-serial.txt", answer_of(station, {"attempts"}, false));
    check("show-attempt.txt", answer_of(station, {"show", id, "--transcript"}, false));
    check("show-attempt.json", answer_of(station, {"show", id, "--transcript", "--json"}, false));
    CHECK(answer_of(station, {"show", ""}, false).ends_with("exit status 1\n"));
}

TEST_CASE("a board whose certificate is revoked has passed all the same", "[daemon][golden]") {
    const test::station_directory station;
    {
        test::line_story line{station.ledger(), "line-3"};
        line.passes({"SN0001"});
        ledger::certificate_revoked event;
        event.certificate =
            certificate_id(ledger::reader{station.ledger()}.certificates_of("SN0001").front().certificate_id);
        event.by = "Chen";
        event.note = "key leaked";
        line.append(std::move(event));
        line.is_refused({"SN0001"}, "already-provisioned", "passed at 2026-11-24T05:58:12Z in slot A1");
        line.is_refused({"SN0009"}, "order-full", "");
    }

    check("show-revoked.txt", answer_of(station, {"show", "SN0001"}, false));
    check("devices-revoked.txt", answer_of(station, {"devices"}, false));
}

TEST_CASE("certificates of boards that failed and never came back are listed when that is asked for",
          "[daemon][golden]") {
    const test::station_directory station;
    station.after_a_day();
    {
        test::line_story line{station.ledger(), "line-3"};
        line.at("2026-11-24T10:00:00Z");
        line.fails({"SN0007"}, "deliver", "device-write-failed", "");
    }
    const char* const later = "2027-01-10T09:00:00Z";
    using words = std::vector<std::string>;

    check("to-revoke-stale.txt",
          answer_of(station, {"certificates", "--to-revoke", "--stale", "30"}, false, later));
    check("to-revoke-stale.sh",
          answer_of(station, {"certificates", "--to-revoke", "--stale", "30", "--format", "aws-cli"}, false,
                    later));
    CHECK(answer_of(station, {"certificates", "--to-revoke", "--stale", "60"}, false, later).find("SN0007") ==
          std::string::npos);
    CHECK(answer_of(station, {"certificates", "--to-revoke"}, false, later).find("SN0007") ==
          std::string::npos);
    for (const auto& wrong :
         {words{"certificates", "--stale", "30"}, words{"certificates", "--to-revoke", "--stale", "0"},
          words{"certificates", "--to-revoke", "--stale", "40000"}})
        CHECK(answer_of(station, wrong, false, later).ends_with("exit status 2\n"));
}
