// SPDX-License-Identifier: Apache-2.0
// The real program's exit statuses and its manners in a pipe.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "station_directory.hpp"
#include "support/shell.hpp"

using namespace fleetline::test;

namespace {

const std::string program = FLEETLINE_BIN_DIR "/fleetline";

said ask(const station_directory& station, const std::string& arguments) {
    return shell(program + " --config " + station.config() + ' ' + arguments + " 2>&1");
}

}  // namespace

TEST_CASE("the exit status is 0 for yes and 1 for no", "[daemon]") {
    const station_directory station;
    station.after_a_day();

    CHECK(ask(station, "show SN0001").status == 0);
    CHECK(ask(station, "attempts --limit 1").status == 0);
    CHECK(ask(station, "audit verify").status == 0);
    CHECK(ask(station, "show SN0999").status == 1);
}

TEST_CASE("the exit status is 2 for wrong usage and wrong configuration", "[daemon]") {
    const station_directory station;
    station.after_a_day();

    CHECK(shell(program + " 2>&1").status == 2);
    CHECK(ask(station, "nonsense").status == 2);
    CHECK(ask(station, "attempts --outcome good").status == 2);
    CHECK(ask(station, "attempts --limit many").status == 2);
    CHECK(ask(station, "report").status == 2);
    CHECK(ask(station, "attempts --since today --until yesterday").status == 2);
    CHECK(shell(program + " --config /nowhere.toml status 2>&1").status == 2);
    std::ofstream{station.config(), std::ios::app} << "colour = 1\n";
    CHECK(ask(station, "status").status == 2);
    CHECK(ask(station, "config check").status == 2);
}

TEST_CASE("the daemon's exit status says what starting it again can mend", "[daemon]") {
    const station_directory station;
    const std::string daemon = FLEETLINE_BIN_DIR "/fleetlined";
    CHECK(shell(daemon + " --nonsense 2>&1").status == 2);
    CHECK(shell(daemon + " --config /nowhere.toml 2>&1").status == 2);
    std::filesystem::create_directory(station.ledger());
    const auto no_ledger = shell(daemon + " --config " + station.config() + " 2>&1");
    INFO(no_ledger.text);
    CHECK(no_ledger.status == 5);
}

TEST_CASE("help and version are 0 and go to standard output", "[daemon]") {
    const auto help = shell(program + " --help 2>/dev/null");
    CHECK(help.status == 0);
    CHECK(help.text.find("status") != std::string::npos);
    CHECK(shell(program + " attempts --help 2>/dev/null").text.find("--since") != std::string::npos);
    CHECK(shell(program + " --version 2>/dev/null").text == "fleetline " FLEETLINE_VERSION "\n");
}

TEST_CASE("config check prints every mistake with line and column", "[daemon]") {
    const station_directory station;
    std::ofstream{station.config(), std::ios::app} << "colour = 1\nshape = 2\n";

    const auto check = ask(station, "config check");

    CHECK(check.status == 2);
    CHECK(check.text.find("fleetline.toml:30:1: ") != std::string::npos);
    CHECK(check.text.find("fleetline.toml:31:1: ") != std::string::npos);
}

TEST_CASE("what needs the daemon is 3 when it does not run", "[daemon]") {
    const station_directory station;
    station.after_a_day();

    for (const auto* action : {"scan SN0009", "retry --slot A1", "rework SN0001 --reason x",
                               "order open WO-9", "order close WO-17"}) {
        INFO(action);
        CHECK(ask(station, action).status == 3);
    }
    CHECK(ask(station, "status").status == 0);
    CHECK(ask(station, "order list").status == 0);
}

TEST_CASE("a ledger that is not there, or none, is 5", "[daemon]") {
    const station_directory station;
    CHECK(ask(station, "attempts").status == 5);
    std::ofstream{station.ledger()} << "this is no ledger, and longer than a page's header would be, "
                                       "so that it is read as a file of another kind";
    const auto attempts = ask(station, "attempts");
    CHECK(attempts.status == 5);
    CHECK(attempts.text.find("station-ledger-broken") != std::string::npos);
}

TEST_CASE("what may not be read is 4", "[daemon]") {
    if (::getuid() == 0 && shell("command -v setpriv").status != 0) return;
    const station_directory station;
    station.after_a_day();
    std::filesystem::permissions(station.path, std::filesystem::perms{0755});
    std::filesystem::permissions(station.ledger(), std::filesystem::perms{0600});
    const std::string as_nobody =
        ::getuid() == 0 ? "setpriv --reuid=65534 --regid=65534 --clear-groups " : "false && ";
    const auto attempts = shell(as_nobody + program + " --config " + station.config() + " attempts 2>&1");
    if (::getuid() == 0 && attempts.status != 127) CHECK(attempts.status == 4);
}

TEST_CASE("watch goes on until nobody looks", "[daemon]") {
    const station_directory station;
    station.after_a_day();

    const auto seen = shell(program + " --config " + station.config() + " watch | head -n 1");

    CHECK(seen.text == "Station line-3  daemon not running\n");
}

TEST_CASE("a reader that has seen enough ends the program quietly", "[daemon]") {
    const station_directory station;
    station.after_a_day();

    const auto seen = shell("sh -c '" + program + " --config " + station.config() +
                            " report --format csv 2>&1 | head -n 1'");

    CHECK(seen.text.find("attempt_id,station") == 0);
    CHECK(seen.text.find("fleetline:") == std::string::npos);
}

TEST_CASE("an output that cannot be written is said, and is not success", "[daemon]") {
    const station_directory station;
    station.after_a_day();

    const auto full = ask(station, "report --format csv > /dev/full");
    CHECK(full.status == 1);
    const auto nowhere = ask(station, "report --format csv -o /nowhere/report.csv");
    CHECK(nowhere.status == 1);
    CHECK(nowhere.text.find("/nowhere/report.csv") != std::string::npos);
}

TEST_CASE("a report's file appears only when it is whole", "[daemon]") {
    const station_directory station;
    station.after_a_day();
    const auto file = (station.path / "report.csv").string();
    std::ofstream{file} << "the last one";

    CHECK(ask(station, "report --format csv --since noon -o " + file).status == 2);
    CHECK(shell("cat " + file).text == "the last one");
    CHECK(ask(station, "report --format csv -o " + file).status == 0);
    CHECK(shell("head -c 10 " + file).text == "attempt_id");
    CHECK(shell("ls " + station.path.string() + " | grep -c report").text == "1\n");
}
