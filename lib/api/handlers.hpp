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
boost::asio::awaitable<response> get_me(service& here, const request& what);
boost::asio::awaitable<response> get_metrics(service& here, const request& what);
boost::asio::awaitable<response> get_health(service& here, const request& what);

boost::asio::awaitable<response> get_devices(service& here, const request& what);
boost::asio::awaitable<response> get_attempts(service& here, const request& what);
boost::asio::awaitable<response> get_attempt(service& here, const request& what);
boost::asio::awaitable<response> get_transcript(service& here, const request& what);
boost::asio::awaitable<response> get_orders(service& here, const request& what);
boost::asio::awaitable<response> get_stats(service& here, const request& what);
boost::asio::awaitable<response> get_report(service& here, const request& what);

boost::asio::awaitable<response> post_scan(service& here, const request& what);
boost::asio::awaitable<response> post_operator(service& here, const request& what);
boost::asio::awaitable<response> post_retry(service& here, const request& what);
boost::asio::awaitable<response> post_rework(service& here, const request& what);
boost::asio::awaitable<response> post_order(service& here, const request& what);
boost::asio::awaitable<response> post_order_close(service& here, const request& what);
boost::asio::awaitable<response> post_order_serials(service& here, const request& what);

}  // namespace fleetline::api
