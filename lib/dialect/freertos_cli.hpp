// SPDX-License-Identifier: Apache-2.0
// `freertos-cli`: the console of AWS' FreeRTOS reference firmware (iot-reference-stm32u5). The board makes
// its own key and its CSR; its serial number is not known to it. Owned by the slot; io_context thread only.
#pragma once

#include <memory>

#include "dialect/freertos_session.hpp"
#include "station/board.hpp"

namespace fleetline::dialect {

class freertos_cli final : public station::board {
  public:
    explicit freertos_cli(std::unique_ptr<serial::console> console, const freertos_limits& limits = {});

    station::key_origin makes_key() const override { return station::key_origin::device; }
    boost::asio::awaitable<station::board_identity> identify() override;
    boost::asio::awaitable<station::signing_request> make_csr(std::string common_name) override;
    boost::asio::awaitable<std::optional<std::string>> public_key() override;
    boost::asio::awaitable<void> deliver(const station::credential& what) override;
    boost::asio::awaitable<station::proof> prove(const station::credential& what) override;
    boost::asio::awaitable<void> finish() override;
    bool restarting() const override { return session_.restarting(); }
    std::string transcript() const override { return session_.console().transcript_text(); }

  private:
    /// What `pki generate key` answers.
    boost::asio::awaitable<freertos_answer> make_key(std::string common_name);
    boost::asio::awaitable<station::signing_request> request_for(std::string common_name, std::string key);
    boost::asio::awaitable<void> configure_wifi(const station::credential& what);

    freertos_session session_;
};

}  // namespace fleetline::dialect
