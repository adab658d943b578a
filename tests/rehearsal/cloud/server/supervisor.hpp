// SPDX-License-Identifier: Apache-2.0
// Joins the parts and runs them: the broker child, the HTTP server, the delay proxy. Constructed and run on
// the main thread; begin_outage() and end_outage() may be called from any thread and return when done.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "core/authority.hpp"
#include "core/registry.hpp"
#include "server/broker.hpp"
#include "server/delay_proxy.hpp"
#include "server/http_server.hpp"
#include "server/options.hpp"

namespace fleetline::rehearsal {

class supervisor {
  public:
    // Starts everything; when it returns, the cloud is ready and DIR/env says so.
    explicit supervisor(const options& chosen);
    // Until SIGTERM or SIGINT (0), or until the broker ends by itself (1).
    int run();

    std::uint16_t mqtt_port() const;
    std::uint16_t http_port() const { return http_->port(); }

    // The cloud is away: the port refuses, or (freeze) answers nothing. seconds 0: until end_outage().
    void begin_outage(bool freeze, std::int64_t seconds);
    void end_outage();
    bool is_away() const { return away_; }

  private:
    http_response serve(const http_request& request);
    void on_main_thread(const std::function<void()>& work);
    void start_outage(bool freeze, std::int64_t seconds);
    void finish_outage();
    void watch_signals();
    void write_environment() const;

    options options_;
    registry registry_;
    authority authority_;
    boost::asio::io_context loop_;
    boost::asio::signal_set stop_signals_;
    boost::asio::signal_set child_signals_;
    boost::asio::steady_timer outage_ends_;
    std::atomic<bool> away_ = false;
    int status_ = 0;
    std::mutex http_mutex_;
    broker broker_;
    std::optional<delay_proxy> proxy_;
    std::optional<http_server> http_;  // last: its threads use all of the above
};

}  // namespace fleetline::rehearsal
