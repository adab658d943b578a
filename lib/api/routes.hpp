// SPDX-License-Identifier: Apache-2.0
// What is served where, to whom: one table. Constant data; handlers run on the io_context thread. Not
// included outside lib/api and its tests.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <span>
#include <string>
#include <string_view>

#include "api/exchange.hpp"
#include "api/role.hpp"

namespace fleetline::api {

class service;

/// `what` lives until the handler has ended.
using handler = boost::asio::awaitable<response> (*)(service& here, const request& what);

struct route {
    enum class takes { nothing, object, list };

    std::string_view verb;
    std::string_view pattern;  ///< "/api/v1/attempts/{id}"
    role_set who;
    handler answer;  ///< null: the live feed, which is a WebSocket
    takes body = takes::nothing;
};

std::span<const route> routes();

/// Null if the path is not this pattern's; else its {parameters}.
bool matches(std::string_view pattern, std::string_view path, text_map& parameters);

}  // namespace fleetline::api
