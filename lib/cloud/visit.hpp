// SPDX-License-Identifier: Apache-2.0
// The session's part of the check-up: signs in as the station would, subscribes to each answer topic by
// itself, publishes to each request topic something that can only be refused, and stays to see whether
// another client with this id comes back. For .cpp files only. Owned by the check-up; io_context thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <map>
#include <string>
#include <vector>

#include "cloud/bell.hpp"
#include "cloud/checkup.hpp"
#include "cloud/messages.hpp"
#include "cloud/mqtt_link.hpp"

namespace fleetline::cloud {

class visit final : link_events {
  public:
    /// `settings` with the claim's files as they are to be used; it and the others outlive this.
    visit(boost::asio::any_io_executor executor, const session_settings& settings, time_source& time,
          const logger& log, milliseconds stay, std::vector<checkup_step>& steps);

    boost::asio::awaitable<void> run();

  private:
    /// Something done on the session after which AWS ends it where the policy does not allow it.
    struct deed {
        std::string topic;
        std::string payload;  ///< empty: subscribe
        std::string what;
    };
    enum class end { done, lost, bad };

    void link_message(const std::string& topic, const std::string& payload) override;
    void link_acknowledged(std::uint64_t ticket) override;
    void link_not_sent(std::uint64_t ticket) override;
    void link_denied(std::uint64_t ticket) override;
    void link_lost(int reason) override;

    boost::asio::awaitable<bool> sign_in();
    boost::asio::awaitable<bool> do_all();
    boost::asio::awaitable<end> subscribe(const deed& what);
    boost::asio::awaitable<end> publish(const deed& what);
    boost::asio::awaitable<void> stay_a_while();
    boost::asio::awaitable<void> until_answered();
    boost::asio::awaitable<void> until_lost();
    void judge_answer(const deed& what);
    void add(std::string what, checkup_step::state is, std::string code, std::string text);
    void bad(std::string what, std::string code, std::string text);

    const session_settings& settings_;
    time_source& time_;
    milliseconds stay_;
    std::vector<checkup_step>& steps_;
    bell changed_;
    mqtt_link link_;
    std::vector<std::string> subscribed_;
    std::map<std::string, std::string> answers_;  ///< by topic
    bool acknowledged_ = false;
    bool denied_ = false;
    bool lost_ = false;
    int lost_reason_ = 0;
    int unexplained_ = 0;  ///< losses that no deed explains
    monotonic_time signed_in_{};
};

}  // namespace fleetline::cloud
