// SPDX-License-Identifier: Apache-2.0
#include "cli/words.hpp"

#include <CLI/CLI.hpp>

namespace fleetline::cli {

words words::word(const std::string& name, const std::string& help) {
    app_.require_subcommand(1);
    return {*app_.add_subcommand(name, help)->fallthrough(), chosen_};
}

words words::optional_word(const std::string& name, const std::string& help) {
    app_.require_subcommand(0, 1);
    return {*app_.add_subcommand(name, help)->fallthrough(), chosen_};
}

void words::option(const std::string& names, std::string& into, const std::string& help,
                   const details& more) {
    auto* made = app_.add_option(names, into, help)->required(more.required);
    if (!more.allowed.empty()) made->check(CLI::IsMember(more.allowed).description(""));
    made->type_name(more.type);
}

void words::number(const std::string& names, std::int64_t& into, const std::string& help) {
    app_.add_option(names, into, help)->check(CLI::NonNegativeNumber.description(""))->type_name("N");
}

void words::flag(const std::string& names, bool& into, const std::string& help) {
    app_.add_flag(names, into, help);
}

void words::argument(const std::string& name, std::string& into, const std::string& help, bool required) {
    app_.add_option(name, into, help)->required(required)->type_name("");
}

void words::does(action what) {
    // A word below this one has been called by now; what it does is meant then.
    app_.callback([app = &app_, chosen = &chosen_, what = std::move(what)] {
        if (app->get_subcommands().empty()) *chosen = what;
    });
}

}  // namespace fleetline::cli
