// SPDX-License-Identifier: Apache-2.0
// One request and its answer, free of sockets and of Beast. Plain values, io_context thread. Not included
// outside lib/api.
#pragma once

#include <sys/types.h>

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/role.hpp"

namespace fleetline::api {

/// Where a connection came in, and who the kernel says is at the other end.
struct peer {
    enum class way { unix_socket, loopback, tls };

    way by = way::unix_socket;
    uid_t uid = 0;
    bool member = false;     ///< root, our own user, or of the socket's group
    std::uint16_t port = 0;  ///< ours, TCP only
};

/// What a request's header says, as far as it matters.
struct head {
    std::string verb;  ///< GET, HEAD, POST …
    std::string target;
    std::string host, origin, fetch_site, authorization, content_type, accept_encoding, if_none_match;
    bool upgrade = false;  ///< to WebSocket
};

using text_map = std::map<std::string, std::string, std::less<>>;

struct request {
    std::string verb;
    std::string path;     ///< decoded
    text_map parameters;  ///< of the path: {id}
    text_map query;
    std::string content_type;
    std::string accept_encoding, if_none_match;
    std::string body;
    std::optional<caller> by;

    /// For long work that says nothing for a while. Called while the handler runs; what it answers may be asked
    /// on any thread: has the client gone (or said that it will not say more)? Empty: it is not known.
    std::function<std::function<bool()>()> watch_peer;

    std::string_view parameter(std::string_view name) const;
    const std::string* asked(std::string_view name) const;  ///< of the query; null if it is not there
};

/// A long body, piece by piece.
class body_source {
  public:
    body_source() = default;
    body_source(const body_source&) = delete;
    body_source& operator=(const body_source&) = delete;
    virtual ~body_source() = default;

    /// Empty at the end. Throws when the rest cannot be had: the connection is then broken off, so that
    /// nobody takes a part for the whole.
    virtual boost::asio::awaitable<std::string> next() = 0;
};

struct response {
    response() = default;
    response(int code, std::string type, std::string text)
        : status(code), content_type(std::move(type)), body(std::move(text)) {}

    int status = 200;
    std::string content_type;
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;
    std::unique_ptr<body_source> stream;  ///< in place of body
    bool page = false;                    ///< a file of the page: its own content security policy
};

struct route;

/// What the header of a request led to.
struct ticket {
    std::optional<response> refusal;
    const route* where = nullptr;  ///< null and no refusal: a file of the page
    bool live = false;             ///< it is the live feed's, a WebSocket
    request what;
    std::size_t body_limit = 0;
    std::shared_ptr<void> held;  ///< a place among those that may send a long body
};

/// The status line and headers. `length` is of the body, nothing: chunked, or until the connection ends.
std::string head_text(const response& answer, std::optional<std::size_t> length, bool chunked,
                      bool keep_alive, bool tls);

/// Path and query of a request target ("/api/v1/attempts?limit=5"), or nothing: not one that is taken here.
struct target {
    std::string path;
    text_map query;
};
std::optional<target> parse_target(std::string_view text);

}  // namespace fleetline::api
