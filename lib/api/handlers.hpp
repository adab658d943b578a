// SPDX-License-Identifier: Apache-2.0
// One function a route: see routes.cpp. On the io_context thread; `what` lives until the handler has ended.
// Not included outside lib/api.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "api/exchange.hpp"

namespace fleetline::api {

class service;

boost::asio::awaitable<response> get_status(service& here, const request& what);
boost::asio::awaitable<response> get_slots(service& here, const request& what);
boost::asio::awaitable<response> get_metrics(service& here, const request& what);
boost::asio::awaitable<response> get_health(service& here, const request& what);

}  // namespace fleetline::api
