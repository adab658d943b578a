// SPDX-License-Identifier: Apache-2.0
#include "cli/run.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ostream>
#include <system_error>

#include "cli/command.hpp"
#include "cli/suggest.hpp"
#include "cli/text.hpp"
#include "cli/words.hpp"
#include "core/failure.hpp"
#include "station/failure_catalogue.hpp"

namespace fleetline::cli {

namespace {

int as_int(exit_status status) {
    return static_cast<int>(status);
}

exit_status status_of(const failure& why) {
    if (why.code() == "station-configuration") return exit_status::usage;
    if (why.code().starts_with("station-ledger-")) return exit_status::ledger_unusable;
    return exit_status::no;
}

int complain(std::ostream& err, exit_status status, std::string_view message, std::string_view advice) {
    err << "fleetline: " << message << '\n';
    if (!advice.empty()) err << advice << '\n';
    return as_int(status);
}

void describe(CLI::App& app, command_line& line) {
    app.require_subcommand(1, 1);
    app.set_version_flag("--version", "fleetline " FLEETLINE_VERSION, "Print the version and exit");
    app.set_help_flag("-h,--help", "Print this help and exit");
    app.add_option("--config", line.config_file, "The station's configuration (" + line.config_file + ')')
        ->type_name("FILE");
    app.add_flag("--json", line.json, "Print JSON: one document, or JSON Lines for lists");
    words top{app, line.chosen};
    for (const auto& command : commands()) command.add(top);
    app.footer(
        "Exit status: 0 yes, 1 not found or check failed, 2 wrong usage or configuration,\n"
        "3 daemon needed and not reachable, 4 not permitted, 5 ledger unreadable or broken.");
    app.get_formatter()->column_width(28);
    app.get_formatter()->label("SUBCOMMAND", "COMMAND");
    app.get_formatter()->label("Subcommands", "Commands");
}

/// CLI11's words for a mistake, but where it names no word, or words in another order than they were typed
/// in.
std::string told(const CLI::App& app, const CLI::ParseError& mistake,
                 const std::vector<std::string>& arguments) {
    std::string said = mistake.what();
    auto unexpected = app.remaining(true);
    const auto place = [&arguments](const std::string& word) {
        return std::find(arguments.begin(), arguments.end(), word);
    };
    std::stable_sort(unexpected.begin(), unexpected.end(),
                     [&place](const auto& a, const auto& b) { return place(a) < place(b); });
    const bool lacks_command = said == "A subcommand is required";
    if (lacks_command && unexpected.empty()) return "say what to do";
    if (lacks_command && !unexpected.front().starts_with('-')) {
        std::string command;
        for (const auto* word : app.get_subcommands()) command += word->get_name() + ' ';
        return "there is no command '" + safe_text(command + unexpected.front()) + "'";
    }
    const bool has_too_many = mistake.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError);
    if (!lacks_command && !has_too_many) return said;
    std::string text = "not expected:";
    for (const auto& word : unexpected) text += ' ' + safe_text(word);
    return text;
}

/// CLI11's words for a mistake, with the command it belongs to and a guess at what was meant.
int usage_mistake(const CLI::App& app, const CLI::ParseError& mistake,
                  const std::vector<std::string>& arguments, std::ostream& err) {
    std::string where = "fleetline";
    for (const auto* word : app.get_subcommands()) where += ' ' + word->get_name();
    err << "fleetline: " << told(app, mistake, arguments) << '\n';
    std::vector<std::string> known;
    for (const auto& command : commands()) known.emplace_back(command.name);
    for (const auto& word : arguments) {
        if (word.starts_with('-') || !app.get_subcommands().empty()) continue;
        const auto guess = closest(word, known);
        if (!guess.empty() && guess != word) err << "Did you mean '" << guess << "'?\n";
    }
    err << "Try '" << where << " --help'.\n";
    return as_int(exit_status::usage);
}

int carry_out(const command_line& line, screen& out, std::ostream& err, utc_time now) {
    surroundings here{out, line.config_file, line.json, now};
    try {
        const auto status = line.chosen(here);
        out.raw().commit();
        return as_int(status);
    } catch (const command_error& why) {
        out.raw().commit();
        return complain(err, why.status(), why.what(), why.advice());
    } catch (const failure& why) {
        return complain(err, status_of(why), why.what(), station::failure_for(why.code()).next_action);
    }
}

}  // namespace

int run(const std::vector<std::string>& arguments, screen& out, std::ostream& err, utc_time now) try {
    command_line line;
    CLI::App app{"Looks into a fleetline station: its state, its boards, its ledger and its reports.",
                 "fleetline"};
    describe(app, line);
    try {
        auto reversed = arguments;  // as CLI11 wants them
        std::reverse(reversed.begin(), reversed.end());
        app.parse(std::move(reversed));
    } catch (const CLI::CallForHelp&) {
        const auto chosen = app.get_subcommands();
        out.print(chosen.empty() ? app.help() : chosen.front()->help("fleetline"));
        out.raw().commit();
        return as_int(exit_status::yes);
    } catch (const CLI::CallForVersion& version) {
        out.line(version.what());
        out.raw().commit();
        return as_int(exit_status::yes);
    } catch (const CLI::ParseError& mistake) {
        return usage_mistake(app, mistake, arguments, err);
    }
    return carry_out(line, out, err, now);
} catch (const std::system_error& why) {
    const bool forbidden =
        why.code() == std::errc::permission_denied || why.code() == std::errc::operation_not_permitted;
    return complain(err, forbidden ? exit_status::not_permitted : exit_status::no, why.what(), "");
} catch (const std::exception& why) {
    return complain(err, exit_status::no, why.what(), "");
}

}  // namespace fleetline::cli
