// SPDX-License-Identifier: Apache-2.0
// The session's one connection over its whole life: connects, subscribes, notices that it is lost or silent,
// says why, and connects again; what is asked over it is the traffic's. Owned by the session, on the
// io_context thread only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cloud/bell.hpp"
#include "cloud/claim_keeper.hpp"
#include "cloud/mqtt_link.hpp"
#include "cloud/session.hpp"
#include "cloud/traffic.hpp"

namespace fleetline::cloud {

class connection final : private link_events {
  public:
    connection(boost::asio::any_io_executor target, session_settings given, time_source& clock,
               const logger& where, station::issuer_observer& told);

    /// Until cancelled; then says good-bye.
    boost::asio::awaitable<void> run();

    void claim_replaced();
    boost::asio::awaitable<void> available();

    /// As traffic::add, and what can be sent is sent.
    template <class Call>
    auto ask(std::unique_ptr<Call> asked) {
        const auto id = wire_.add(std::move(asked), time_.now());
        pump();
        return id;
    }
    void withdraw(std::uint64_t id) { wire_.withdraw(id, time_.now()); }
    monotonic_time registrable_from(const station::registration_request& request) const {
        return wire_.registrable_from(request);
    }

    payload_format format() const { return settings_.format; }
    station::issuer_status status() const;
    session_counters counters() const;
    const claim_report& claim() const { return checked_claim_; }

  private:
    void link_message(const std::string& topic, const std::string& payload) override;
    void link_acknowledged(std::uint64_t ticket) override;
    void link_not_sent(std::uint64_t ticket) override;
    void link_denied(std::uint64_t ticket) override;
    void link_lost(int reason) override;

    boost::asio::awaitable<void> keep_connected();
    boost::asio::awaitable<void> keep_time();
    boost::asio::awaitable<void> pause_before_connect();
    boost::asio::awaitable<void> until_claim_replaced();
    boost::asio::awaitable<bool> connect_once();
    boost::asio::awaitable<bool> subscribe();
    void lost_over_subscribe(const std::vector<std::string>& topics);
    boost::asio::awaitable<void> until_lost_or_renewed();
    void came_up(const link_up& answer);
    void judge_loss();
    void say_taken();
    std::optional<monotonic_time> silent_at() const;
    void give_up_silent_link();
    void set_trouble(const std::string& code, const std::string& text);
    void pump();
    /// The trace, at log level debug; no secret and no PEM gets into it.
    void show(std::string_view what, const std::string& topic, std::string_view payload) const;

    const session_settings settings_;
    time_source& time_;
    const logger& log_;
    station::issuer_observer& observer_;
    claim_keeper claim_;
    claim_report checked_claim_;
    std::string exposed_;  ///< that the key is, has been told
    bell changed_;         ///< the link came up or went down
    bell due_;             ///< the traffic must be looked at
    std::mt19937_64 dice_;
    traffic wire_;
    mqtt_link link_;

    station::issuer_status state_;
    session_counters count_;
    bool up_ = false;
    bool renew_ = false;
    bool lost_ = false;  ///< the connection that was made last
    int lost_reason_ = 0;
    int failures_ = 0;          ///< to connect, in a row
    int pushed_out_ = 0;        ///< in a row: lost soon after connecting, for no other reason
    int subscribe_losses_ = 0;  ///< in a row
    std::string suspect_;       ///< topic that the connection ended over when it was subscribed to alone
    bool denied_ = false;       ///< the policy does not let the station hear answers: it seldom asks again
    monotonic_time last_connect_{};
    monotonic_time lost_at_{};  ///< the last time; the epoch: never
    monotonic_time up_since_{};
    monotonic_time heard_{};  ///< anything from the broker
    bool silent_ = false;     ///< the link was given up because nothing came
};

}  // namespace fleetline::cloud
