// SPDX-License-Identifier: Apache-2.0
// A small HTTP/1.1 server on 127.0.0.1: every request goes to one handler, on one of the server's own
// threads.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace fleetline::rehearsal {

struct http_request {
    std::string method;
    std::string path;                                 // as sent, still percent-encoded, without the query
    std::multimap<std::string, std::string> query;    // decoded
    std::multimap<std::string, std::string> headers;  // names in lower case
    std::string body;
};

struct http_response {
    int status = 200;
    std::string body;
    std::string content_type = "application/json";
    std::map<std::string, std::string> headers;
};

std::string percent_decoded(std::string_view text);

class http_server {
  public:
    using handler = std::function<http_response(const http_request&)>;
    // Port 0: a free one. Throws std::runtime_error if the port is taken. An exception of the handler becomes
    // a 500.
    http_server(std::uint16_t port, handler handle);
    ~http_server();
    http_server(const http_server&) = delete;
    http_server& operator=(const http_server&) = delete;
    std::uint16_t port() const;

  private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace fleetline::rehearsal
