// SPDX-License-Identifier: Apache-2.0
// fleetline token: who may use the API over TCP, and as what. Works on the token file; the daemon looks again
// by itself.
#include <memory>

#include "api/token_store.hpp"
#include "cli/command.hpp"
#include "cli/json_view.hpp"
#include "cli/table.hpp"
#include "cli/text.hpp"
#include "core/failure.hpp"

namespace fleetline::cli {

namespace {

struct options {
    std::string name, role;
};

api::token_store store_of(surroundings& here) {
    return api::token_store(here.settings().ledger.file.parent_path() / "tokens");
}

/// The file is the service's own: whoever may not touch it gets 4.
template <class Work>
auto with_store(surroundings& here, Work work) {
    try {
        auto store = store_of(here);
        return work(store);
    } catch (const failure& why) {
        const auto status =
            why.code() == "station-configuration" ? exit_status::not_permitted : exit_status::no;
        throw command_error(status, why.what());
    }
}

exit_status add(surroundings& here, const options& asked) {
    const auto role = api::role_from(asked.role);
    if (!role) throw command_error(exit_status::usage, "there is no role '" + safe_text(asked.role) + "'");
    const auto token =
        with_store(here, [&](api::token_store& store) { return store.make(asked.name, *role, here.now); });
    if (here.wants_json) {
        here.out.line(indented({{"name", asked.name}, {"role", asked.role}, {"token", token}}));
        return exit_status::yes;
    }
    here.out.line(token);
    here.out.line(here.out.paint(
        ink::faint, "Told this once: give it to " + safe_text(asked.name) + ", it is stored hashed."));
    return exit_status::yes;
}

exit_status list(surroundings& here) {
    const auto entries = with_store(here, [](api::token_store& store) { return store.list(); });
    table rows{here.out, {"name", "role", "made (UTC)"}};
    for (const auto& one : entries) {
        const std::string role{api::to_text(one.is)};
        const auto made = to_rfc3339(one.made_at);
        if (here.wants_json)
            here.out.line(one_line({{"name", one.name}, {"role", role}, {"made_at", made}}));
        else
            rows.row({safe_text(one.name), role, time_text(made)});
    }
    if (!here.wants_json && rows.finish() == 0) here.out.line(here.out.paint(ink::faint, "No tokens."));
    return exit_status::yes;
}

exit_status revoke(surroundings& here, const options& asked) {
    const bool was_there =
        with_store(here, [&](api::token_store& store) { return store.revoke(asked.name); });
    if (!was_there) throw command_error(exit_status::no, "there is no token '" + safe_text(asked.name) + "'");
    if (here.wants_json)
        here.out.line(one_line({{"name", asked.name}, {"revoked", true}}));
    else
        here.out.line("token " + safe_text(asked.name) + " is revoked");
    return exit_status::yes;
}

}  // namespace

void add_token(words& parent) {
    auto word = parent.word("token", "Let people use the page and the API over the network");
    auto asked = std::make_shared<options>();
    auto adding = word.word("add", "Make a token and show it, once");
    adding.argument("NAME", asked->name, "Whose it is: recorded with what is done");
    adding.option("--role", asked->role, "What it lets them do",
                  {"ROLE", {"operator", "engineer", "auditor"}, true});
    adding.does([asked](surroundings& here) { return add(here, *asked); });
    word.word("list", "List the tokens").does(list);
    auto revoking = word.word("revoke", "Revoke a token at once");
    revoking.argument("NAME", asked->name, "Whose it is");
    revoking.does([asked](surroundings& here) { return revoke(here, *asked); });
}

}  // namespace fleetline::cli
