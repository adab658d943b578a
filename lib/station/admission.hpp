// SPDX-License-Identifier: Apache-2.0
// Who may be worked on: the serial's look, one live attempt a serial (invariant I6), work order, already
// passed. Refusals are failures (order-…) and cost no cloud call. One per station; used on the io_context
// thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <map>
#include <memory>
#include <regex>

#include "core/signal.hpp"
#include "ledger/ledger.hpp"
#include "station/settings.hpp"

namespace fleetline::station {

class admission {
  public:
    admission(ledger::ledger& book, boost::asio::any_io_executor executor);
    ~admission();

    /// The right to work on one serial, until dropped.
    class claim {
      public:
        claim() = default;
        claim(claim&& other) noexcept;
        claim& operator=(claim&& other) noexcept;
        ~claim();

        order_name order;

      private:
        friend class admission;
        admission* owner_ = nullptr;
        serial_number serial_;
    };

    /// Checks serial and order, and claims the serial for `slot`. Throws order-…. While the serial's board is
    /// `gone`, its attempt only waits for what is under way: a new attempt at the serial then waits for its
    /// end.
    boost::asio::awaitable<claim> admit(const product_settings& product, serial_number serial, slot_name slot,
                                        std::shared_ptr<const signal> gone);

  private:
    struct holder;

    void check_serial(const product_settings& product, const serial_number& serial);
    boost::asio::awaitable<void> check_order(const product_settings& product, const serial_number& serial,
                                             claim& seat);

    ledger::ledger& book_;
    boost::asio::any_io_executor executor_;
    std::map<serial_number, std::shared_ptr<holder>> holders_;
    std::map<product_name, std::regex> patterns_;
};

}  // namespace fleetline::station
