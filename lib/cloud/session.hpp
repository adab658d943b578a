// SPDX-License-Identifier: Apache-2.0
// The station's one session with the cloud, shared by all slots: keeps the MQTT connection up, names what
// keeps it down, and carries the provisioning calls. Owned by the composition; io_context thread only. Must
// outlive its run() and every call.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "cloud/claim.hpp"
#include "cloud/lane.hpp"
#include "cloud/settings.hpp"
#include "core/logger.hpp"
#include "core/time_source.hpp"
#include "station/issuer.hpp"

namespace fleetline::cloud {

class connection;

struct session_counters {
    std::uint64_t connects = 0;
    std::uint64_t connects_failed = 0;
    std::uint64_t losses = 0;
    std::map<std::string, lane_counters> lanes;  ///< by request topic
};

class session final : public station::issuer {
  public:
    session(boost::asio::any_io_executor executor, session_settings settings, time_source& time,
            const logger& log, station::issuer_observer& observer);
    ~session() override;

    /// Connects, and again after every loss, until cancelled; then says good-bye.
    boost::asio::awaitable<void> run();

    /// Reads the claim again; if it can be used, connects anew with it when what is in flight has been
    /// answered.
    void claim_replaced();

    station::issuer_status status() const override;
    session_counters counters() const;
    /// As it was found at the last connect: what it is, how long it lives.
    claim_report claim() const;

    boost::asio::awaitable<void> available() override;
    boost::asio::awaitable<station::issued_certificate> create_certificate(
        station::certificate_request request) override;
    boost::asio::awaitable<station::issued_keys> create_keys(station::keys_request request) override;
    monotonic_time registrable_from(const station::registration_request& request) const override;
    boost::asio::awaitable<station::registration> register_thing(
        station::registration_request request) override;

  private:
    std::unique_ptr<connection> connection_;
};

}  // namespace fleetline::cloud
