// SPDX-License-Identifier: Apache-2.0
// What is written about the commands keeps up with them.
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "cli/command.hpp"
#include "support/shell.hpp"

using namespace fleetline;

namespace {

std::string contents(const std::string& file) {
    std::ifstream from{FLEETLINE_SOURCE_DIR "/packaging/" + file, std::ios::binary};
    return {std::istreambuf_iterator<char>{from}, {}};
}

}  // namespace

TEST_CASE("each command is in the man page and in every shell's completion", "[daemon]") {
    for (const auto& command : cli::commands()) {
        const std::string name{command.name};
        INFO(name);
        CHECK(contents("man/fleetline.1").find("\n.It Cm " + name) != std::string::npos);
        CHECK(contents("completions/fleetline.bash").find(name) != std::string::npos);
        CHECK(contents("completions/_fleetline").find('\'' + name + ':') != std::string::npos);
        CHECK(contents("completions/fleetline.fish").find("-a " + name) != std::string::npos);
    }
}

TEST_CASE("each option of a command is in the man page", "[daemon]") {
    const auto manual = contents("man/fleetline.1");
    for (const auto& command : cli::commands()) {
        const auto help =
            test::shell(std::string{FLEETLINE_BIN_DIR "/fleetline "} + std::string{command.name} + " --help")
                .text;
        for (auto at = help.find("\n  --"); at != std::string::npos; at = help.find("\n  --", at + 1)) {
            const auto option = help.substr(at + 5, help.find_first_of(" \n", at + 5) - at - 5);
            INFO(command.name << " --" << option);
            CHECK(manual.find("Fl -" + option) != std::string::npos);
        }
    }
}

TEST_CASE("each signal and exit status of the daemon is in its man page", "[daemon]") {
    const auto manual = contents("man/fleetlined.8");
    for (const auto* what :
         {".It Dv SIGTERM , SIGINT\n", ".It Dv SIGHUP\n", ".It 0\n", ".It 1\n", ".It 2\n", ".It 5\n"}) {
        INFO(what);
        CHECK(manual.find(what) != std::string::npos);
    }
}

TEST_CASE("the man pages are well formed", "[daemon]") {
    if (test::shell("command -v mandoc").status != 0) return;
    const auto said =
        test::shell("mandoc -T lint -W warning " FLEETLINE_SOURCE_DIR "/packaging/man/* 2>/dev/null");
    INFO(said.text);
    CHECK(said.text.empty());
}

TEST_CASE("bash completes commands, options and values", "[daemon]") {
    if (test::shell("test -r /usr/share/bash-completion/bash_completion").status != 0) return;
    const auto completed = [](const std::string& words) {
        return test::shell("bash -c '. /usr/share/bash-completion/bash_completion; . " FLEETLINE_SOURCE_DIR
                           "/packaging/completions/fleetline.bash; COMP_LINE=\"fleetline " +
                           words +
                           "\"; COMP_POINT=${#COMP_LINE}; read -ra COMP_WORDS <<< \"$COMP_LINE\"; [[ "
                           "$COMP_LINE == *\" \" ]] && COMP_WORDS+=(\"\"); COMP_CWORD=$((${#COMP_WORDS[@]} - "
                           "1)); _fleetline; echo ${COMPREPLY[*]}' 2>&1")
            .text;
    };
    CHECK(completed("st") == "status stats\n");
    CHECK(completed("attempts --out") == "--outcome\n");
    CHECK(completed("attempts --outcome ") == "passed failed refused abandoned\n");
    CHECK(completed("certificates --format a") == "aws-cli\n");
    CHECK(completed("order op") == "open\n");
}
