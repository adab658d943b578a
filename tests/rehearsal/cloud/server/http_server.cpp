// SPDX-License-Identifier: Apache-2.0
#include "server/http_server.hpp"

#include <httplib.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

namespace fleetline::rehearsal {
namespace {

constexpr std::size_t max_body = 64UL * 1024 * 1024;

http_request plain(const httplib::Request& from) {
    http_request request;
    request.method = from.method;
    request.path = from.target.substr(0, from.target.find('?'));
    request.query = {from.params.begin(), from.params.end()};
    for (const auto& [name, value] : from.headers) {
        std::string lower = name;
        std::transform(lower.begin(), lower.end(), lower.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        request.headers.emplace(std::move(lower), value);
    }
    request.body = from.body;
    return request;
}

void fill(httplib::Response& to, const http_response& from) {
    to.status = from.status;
    for (const auto& [name, value] : from.headers) to.set_header(name.c_str(), value);
    to.set_content(from.body, from.content_type.c_str());
}

http_response failure(const std::exception& problem) {
    return {500,
            nlohmann::json{{"message", problem.what()}}.dump(),
            "application/json",
            {{"x-amzn-ErrorType", "InternalFailureException"}}};
}

}  // namespace

std::string percent_decoded(std::string_view text) {
    std::string result;
    for (std::size_t at = 0; at < text.size(); ++at) {
        unsigned value = 0;
        if (text[at] == '%' && at + 2 < text.size() + 0 &&
            std::from_chars(text.data() + at + 1, text.data() + at + 3, value, 16).ptr ==
                text.data() + at + 3) {
            result += static_cast<char>(value);
            at += 2;
        } else {
            result += text[at];
        }
    }
    return result;
}

struct http_server::state {
    httplib::Server server;
    std::uint16_t port = 0;
    std::thread thread;
};

http_server::http_server(std::uint16_t port, handler handle) : state_(std::make_unique<state>()) {
    httplib::Server& server = state_->server;
    const auto serve = [handle = std::move(handle)](const httplib::Request& from, httplib::Response& to) {
        try {
            fill(to, handle(plain(from)));
        } catch (const std::exception& problem) {
            fill(to, failure(problem));
        }
    };
    server.Get(".*", serve).Post(".*", serve).Put(".*", serve).Patch(".*", serve).Delete(".*", serve);
    server.set_payload_max_length(max_body);
    server.set_tcp_nodelay(true);
    server.set_keep_alive_timeout(1);
    const int bound = port == 0 ? server.bind_to_any_port("127.0.0.1")
                                : (server.bind_to_port("127.0.0.1", port) ? port : -1);
    if (bound <= 0) throw std::runtime_error("cannot listen on HTTP port " + std::to_string(port));
    state_->port = static_cast<std::uint16_t>(bound);
    state_->thread = std::thread([this] { state_->server.listen_after_bind(); });
}

http_server::~http_server() {
    while (!state_->server.is_running())
        std::this_thread::yield();  // stop() before the start would be forgotten
    state_->server.stop();
    state_->thread.join();
}

std::uint16_t http_server::port() const {
    return state_->port;
}

}  // namespace fleetline::rehearsal
