// SPDX-License-Identifier: Apache-2.0
#include "cli/action.hpp"

#include "cli/api_client.hpp"
#include "cli/text.hpp"

namespace fleetline::cli {

namespace {

std::string text_of(const json& problem, const char* key) {
    const auto found = problem.find(key);
    return found != problem.end() && found->is_string() ? safe_text(found->get<std::string>())
                                                        : std::string{};
}

/// An RFC 9457 problem document as an error of ours.
[[noreturn]] void refused(const api_answer& answer) {
    json problem = json::parse(answer.body, nullptr, false);
    if (!problem.is_object()) problem = json::object();
    std::string message = text_of(problem, "title");
    if (const auto detail = text_of(problem, "detail"); !detail.empty())
        message += (message.empty() ? "" : " ") + detail;
    if (message.empty()) message = "the daemon refused (HTTP " + std::to_string(answer.status) + ')';
    if (const auto code = text_of(problem, "code"); !code.empty()) message += " [" + code + ']';
    const auto errors = problem.find("errors");
    if (errors != problem.end() && errors->is_array()) {
        for (const auto& one : *errors)
            if (one.is_object())
                message += "\n  line " + one.value("line", json(0)).dump() + ": " + text_of(one, "text");
    }
    const bool forbidden = answer.status == 401 || answer.status == 403;
    throw command_error(forbidden ? exit_status::not_permitted : exit_status::no, message,
                        text_of(problem, "next_action"));
}

}  // namespace

json ask_daemon(surroundings& here, std::string_view target, const std::string& body, std::string_view type) {
    const auto& socket = here.settings().api.socket;
    const api_client daemon{socket, milliseconds{30'000}};
    const auto answer = daemon.request("POST", target, body, type);
    if (!answer)
        throw command_error(exit_status::daemon_needed, "the daemon does not run (" + socket.string() + ')',
                            "Start it: systemctl start fleetlined");
    if (answer->status < 200 || answer->status > 299) refused(*answer);
    json document = json::parse(answer->body, nullptr, false);
    return document.is_object() ? document : json::object();
}

json ask_daemon(surroundings& here, std::string_view target, const json& body) {
    std::string text;
    try {
        text = body.dump();
    } catch (const json::type_error&) {
        throw command_error(exit_status::usage, "what is to be recorded is not UTF-8",
                            "Use a terminal, or a file, in UTF-8.");
    }
    return ask_daemon(here, target, text, "application/json");
}

std::string percent_encoded(std::string_view text) {
    static constexpr std::string_view digits = "0123456789ABCDEF";
    std::string encoded;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           c == '-' || c == '_' || c == '.' || c == '~';
        if (plain) {
            encoded += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        encoded += '%';
        encoded += digits[byte >> 4U];
        encoded += digits[byte & 15U];
    }
    return encoded;
}

exit_status say_done(surroundings& here, const json& answer, const std::string& words) {
    here.out.line(here.wants_json ? indented(answer) : words);
    return exit_status::yes;
}

}  // namespace fleetline::cli
