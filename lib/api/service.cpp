// SPDX-License-Identifier: Apache-2.0
#include "api/service.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include "api/ledger_pool.hpp"
#include "api/live_feed.hpp"
#include "api/metrics.hpp"
#include "api/page_files.hpp"
#include "api/problem.hpp"
#include "api/providers.hpp"
#include "api/routes.hpp"
#include "api/sockets.hpp"
#include "api/token_store.hpp"
#include "core/encoding.hpp"
#include "core/time.hpp"
#include "core/unique_id.hpp"

namespace fleetline::api {

namespace asio = boost::asio;

namespace {

std::string lower(std::string_view text) {
    std::string out{text};
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
    return out;
}

utc_time utc_now() {
    return std::chrono::floor<milliseconds>(std::chrono::system_clock::now());
}

/// A page from elsewhere can make a browser ask 127.0.0.1 under a name of its own (DNS rebinding).
bool names_this_machine(const std::string& host, const peer& from) {
    if (from.by != peer::way::loopback) return !host.empty() || from.by == peer::way::unix_socket;
    const std::string port = from.port == 80 ? "" : ":" + std::to_string(from.port);
    const auto asked = lower(host);
    return asked == "localhost" + port || asked == "127.0.0.1" + port || asked == "[::1]" + port;
}

/// Browsers say where a request comes from: another site's page must not act here.
bool from_this_site(const head& asked, const peer& from) {
    if (!asked.fetch_site.empty() && asked.fetch_site != "same-origin" && asked.fetch_site != "none")
        return false;
    if (asked.origin.empty()) return true;
    const auto origin = lower(asked.origin);
    const auto host = lower(asked.host);
    return origin == "https://" + host || (from.by != peer::way::tls && origin == "http://" + host);
}

std::string media_type_of(std::string_view content_type) {
    auto type = lower(content_type.substr(0, content_type.find(';')));
    while (!type.empty() && type.back() == ' ') type.pop_back();
    return type;
}

bool takes_type(const route& where, const std::string& type) {
    switch (where.body) {
        case route::takes::nothing:
            return true;
        case route::takes::object:
            return type == "application/json";
        // None of these can be sent by a form of another site.
        case route::takes::list:
            return type == "application/json" || type == "text/csv" || type == "application/x-ndjson" ||
                   type == "application/jsonl";
    }
    return false;
}

}  // namespace

service::service(settings asked, providers from, const logger& log_to)
    : wanted(std::move(asked)),
      log(log_to),
      station(std::make_unique<const providers>(std::move(from))),
      feed(std::make_unique<live_feed>(wanted.limit, make_unique_id(utc_now()))),
      counts(std::make_unique<metrics>()),
      now(std::make_unique<traffic>()),
      pool(std::make_unique<ledger_pool>(wanted.ledger_file, wanted.limit.ledger_queue)),
      page_(wanted.page_directory.empty() ? std::make_unique<page_files>()
                                          : std::make_unique<page_files>(wanted.page_directory)),
      reports_(std::make_shared<std::atomic<std::size_t>>(0)),
      imports_(std::make_shared<std::atomic<std::size_t>>(0)) {
    if (wanted.token_file.empty()) return;
    tokens_ = std::make_unique<token_store>(wanted.token_file);
    tokens_->list();  // a file that cannot be read is told at the start
}

service::~service() = default;

std::shared_ptr<void> service::place(const std::shared_ptr<std::atomic<std::size_t>>& taken,
                                     std::size_t limit) {
    if (taken->load() >= limit) return nullptr;
    ++*taken;
    return {taken.get(), [taken](void*) { --*taken; }};
}

/// "Bearer TOKEN", or "Basic" with the token as password: that is what a browser can ask its user for.
std::optional<caller> service::caller_with(const std::string& authorization) {
    const auto space = authorization.find(' ');
    if (!tokens_ || space == std::string::npos) return std::nullopt;
    const auto scheme = lower(authorization.substr(0, space));
    std::string token = authorization.substr(space + 1);
    if (scheme == "basic") {
        const auto pair = from_base64(token);
        if (!pair || pair->find(':') == std::string::npos) return std::nullopt;
        token = pair->substr(pair->find(':') + 1);
    } else if (scheme != "bearer") {
        return std::nullopt;
    }
    const auto found = tokens_->find(token);
    if (!found) return std::nullopt;
    caller who{found->is, found->name};
    who.token_sha256 = found->sha256;
    return who;
}

std::optional<caller> service::caller_of(const head& asked, const peer& from, bool& wrong) {
    if (!asked.authorization.empty()) {
        auto who = caller_with(asked.authorization);
        wrong = !who;
        return who;
    }
    if (from.by == peer::way::unix_socket)
        return caller{from.member ? role::engineer : role::operator_role, "#" + std::to_string(from.uid)};
    if (from.by == peer::way::loopback) return caller{role::operator_role, "local page"};
    return std::nullopt;
}

bool service::still_welcome(const caller& who) {
    return who.token_sha256.empty() || (tokens_ && tokens_->knows(who.token_sha256));
}

void service::sent(int status) {
    counts->answered(status);
}

void service::refresh_feed() {
    feed->publish(station->snapshot());
}

ticket service::admit(const head& asked, const peer& from) {
    ticket result;
    auto where = parse_target(asked.target);
    if (!where) {
        result.refusal =
            problem("station-request-invalid", "the request's target is not a path of this server");
        return result;
    }
    if (!names_this_machine(asked.host, from)) {
        result.refusal = problem("station-request-denied", "the Host header does not name this machine");
        return result;
    }
    bool wrong_token = false;
    result.what.by = caller_of(asked, from, wrong_token);
    if (wrong_token) {
        result.refusal = problem("station-request-unauthenticated", "the token is not known, or was revoked");
        return result;
    }
    result.what.verb = asked.verb;
    result.what.path = std::move(where->path);
    result.what.query = std::move(where->query);
    result.what.content_type = media_type_of(asked.content_type);
    result.what.accept_encoding = asked.accept_encoding;
    result.what.if_none_match = asked.if_none_match;
    route_to(result, asked, from);
    return result;
}

void service::route_to(ticket& result, const head& asked, const peer& from) {
    auto& what = result.what;
    const std::string verb = asked.verb == "HEAD" ? "GET" : asked.verb;
    std::string allow;
    for (const auto& one : routes()) {
        if (!matches(one.pattern, what.path, what.parameters)) continue;
        allow += (allow.empty() ? "" : ", ") + std::string{one.verb == "GET" ? "GET, HEAD" : one.verb};
        if (one.verb == verb) result.where = &one;
    }
    // Whoever is nobody learns nothing, not even which paths there are.
    if (!what.by && !(result.where != nullptr && result.where->who.anybody)) {
        result.refusal = problem("station-request-unauthenticated", "a token is needed here");
    } else if (result.where == nullptr && !allow.empty()) {
        result.refusal = problem("station-request-method", "allowed here: " + allow);
        result.refusal->headers.emplace_back("Allow", allow);
    } else if (result.where == nullptr && (what.path.starts_with("/api/") || verb != "GET")) {
        result.refusal = problem("station-request-not-found", "there is nothing at this address");
    } else if (result.where == nullptr || result.where->who.anybody) {
        return;
    } else if (!result.where->who.has(what.by->is)) {
        result.refusal = problem("station-request-denied",
                                 "role " + std::string{to_text(what.by->is)} + " may not use this address");
    } else if ((verb != "GET" || result.where->answer == nullptr) && !from_this_site(asked, from)) {
        result.refusal = problem("station-request-denied", "the request comes from another site's page");
    } else if (!takes_type(*result.where, what.content_type)) {
        result.refusal = problem("station-request-media-type", "the body must be JSON");
    } else {
        result.live = result.where->answer == nullptr;
        take_body(result);
    }
}

void service::take_body(ticket& result) {
    if (result.where->body == route::takes::object) result.body_limit = wanted.limit.body_bytes;
    if (result.where->body != route::takes::list) return;
    result.held = place(imports_, wanted.limit.imports);
    result.body_limit = wanted.limit.import_bytes;
    if (!result.held) result.refusal = problem("station-request-too-many", "other lists are being imported");
}

asio::awaitable<response> service::answer(const ticket& asked) {
    std::exception_ptr error;
    try {
        if (asked.where == nullptr) co_return page_->answer(asked.what);
        co_return co_await asked.where->answer(*this, asked.what);
    } catch (...) {
        error = std::current_exception();
    }
    co_return problem_of(error, asked.what.path, log);
}

asio::awaitable<caller> service::resolved(caller by) {
    if (!by.name.starts_with('#')) co_return by;
    const auto user = static_cast<uid_t>(std::stoul(by.name.substr(1)));
    co_await pool->run([&by, user] { by.name = user_name(user); });
    co_return by;
}

}  // namespace fleetline::api
