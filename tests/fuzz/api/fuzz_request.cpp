// SPDX-License-Identifier: Apache-2.0
// One request as Beast hands it over, from every kind of peer: verb, target, Host, Origin, Sec-Fetch-Site,
// Authorization ("@engineer" is that role's token), Content-Type, a line each, then the body. Who may not,
// gets nothing; who may, gets an answer that is not our mistake and is what its type says.
#include <boost/asio/co_spawn.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>

#include "api/routes.hpp"
#include "bench.hpp"
#include "core/encoding.hpp"

using namespace fleetline;
using namespace fleetline::fuzz;

namespace {

namespace asio = boost::asio;

api::head head_from(std::string_view& input, const bench& on) {
    api::head asked;
    for (auto* part : {&asked.verb, &asked.target, &asked.host, &asked.origin, &asked.fetch_site,
                       &asked.authorization, &asked.content_type})
        *part = line_of(input);
    for (const auto& [role, token] : on.tokens) {
        const auto at = asked.authorization.find("@" + role);
        if (at != std::string::npos) asked.authorization.replace(at, role.size() + 1, token);
    }
    return asked;
}

/// What the table of routes promises, asked of the ticket and not of the code that made it.
void check_right(const api::ticket& admitted, const api::head& asked, const api::peer& from) {
    if (admitted.refusal) return;
    const auto& path = admitted.what.path;
    if (path == "/healthz") return;
    if (!admitted.what.by) wrong("nobody was let in", path);
    const auto is = admitted.what.by->is;
    if (is == api::role::auditor && asked.verb != "GET" && asked.verb != "HEAD")
        wrong("an auditor acts", path);
    if (is == api::role::operator_role && admitted.where != nullptr && path.ends_with("/transcript"))
        wrong("an operator reads a transcript", path);
    if (from.by == api::peer::way::tls && admitted.what.by->token_sha256.empty())
        wrong("let in without a token", path);
    if (path.starts_with("/api/") && admitted.where == nullptr) wrong("no route, and no refusal", path);
}

void check_answer(const api::response& answer, const std::string& whole) {
    if (answer.status < 200 || answer.status > 599 || answer.status == 500) wrong("status", whole);
    for (const auto& [name, value] : answer.headers)
        if ((name + value).find_first_of("\r\n") != std::string::npos)
            wrong("a header within a header", value);
    if (answer.content_type.find("json") == std::string::npos || answer.content_type == "application/jsonl")
        return;
    if (nlohmann::json::parse(whole, nullptr, false).is_discarded()) wrong("no JSON", whole);
}

asio::awaitable<void> answered(bench& on, const api::ticket& admitted) {
    auto answer = co_await on.here().answer(admitted);
    std::string whole = answer.body;
    while (answer.stream) {
        auto piece = co_await answer.stream->next();
        if (piece.empty()) break;
        whole += piece;
    }
    check_answer(answer, whole);
}

void ask(bench& on, const api::head& asked, const api::peer& from, std::string_view body) {
    auto admitted = on.here().admit(asked, from);
    check_right(admitted, asked, from);
    if (admitted.refusal) return check_answer(*admitted.refusal, admitted.refusal->body);
    if (admitted.live) return;
    admitted.what.body = body.substr(0, admitted.body_limit);
    bool ended = false;
    asio::co_spawn(on.io, answered(on, admitted), [&ended](std::exception_ptr error) {
        if (error) wrong("the answer threw", "");
        ended = true;
    });
    while (!ended) {
        on.io.restart();
        on.io.run_one_for(std::chrono::seconds{1});
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto& on = bench::once();
    std::string_view input{reinterpret_cast<const char*>(data), size};
    const auto asked = head_from(input, on);
    using way = api::peer::way;
    for (const auto& from :
         {api::peer{way::unix_socket, 0, true, 0}, api::peer{way::unix_socket, 4711, false, 0},
          api::peer{way::loopback, 0, false, 8089}, api::peer{way::tls, 0, false, 8089}})
        ask(on, asked, from, input);
    return 0;
}
