// SPDX-License-Identifier: Apache-2.0
// The station's session with the scripted cloud: lib/cloud's traffic (which request an answer belongs to,
// when to ask again) without MQTT below it. One a life of the station.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "cloud.hpp"
#include "cloud/traffic.hpp"
#include "core/signal.hpp"
#include "station/issuer.hpp"
#include "witness.hpp"

namespace fleetline::simulation {

class session final : public station::issuer, private cloud::client {
  public:
    session(const boost::asio::any_io_executor& executor, const profile& day, dice& chance, agenda& time,
            cloud& far, witness& watching, station::issuer_observer& observer, bool earlier_life);
    ~session() override;

    void start();
    void is_durable(const std::string& attempt);
    /// The station dies.
    void killed();

    station::issuer_status status() const override;
    boost::asio::awaitable<void> available() override;
    boost::asio::awaitable<station::issued_certificate> create_certificate(
        station::certificate_request request) override;
    monotonic_time registrable_from(const station::registration_request& request) const override {
        return wire_.registrable_from(request);
    }
    boost::asio::awaitable<station::registration> register_thing(
        station::registration_request request) override;

  private:
    void connected() override;
    void message(const std::string& topic, const std::string& payload) override;
    void acknowledged(std::uint64_t ticket) override;
    void lost() override;

    void pump();
    template <class Call, class Result>
    boost::asio::awaitable<Result> ask(std::unique_ptr<Call> asked);

    boost::asio::any_io_executor executor_;
    dice& chance_;
    agenda& time_;
    cloud& far_;
    witness& witness_;
    station::issuer_observer& observer_;
    fleetline::cloud::traffic wire_;
    signal up_;
    std::uint64_t wakes_ = 0;
    struct asked_for {
        std::string attempt, serial;
        std::int64_t times = 0;
    };
    std::map<std::string, asked_for> open_;  ///< certificates, by request
};

}  // namespace fleetline::simulation
