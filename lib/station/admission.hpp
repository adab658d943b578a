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

        explicit operator bool() const { return owner_ != nullptr; }

        /// The serial's board was gone and is there again.
        void board_is_back(std::shared_ptr<const signal> gone);

        order_name order;

      private:
        friend class admission;
        admission* owner_ = nullptr;
        serial_number serial_;
    };

    /// One of the boards that an order still wants, held for a board without a serial number until it is
    /// admitted: a number is not handed out to a board that is then one too many.
    class place {
      public:
        place() = default;
        place(place&& other) noexcept;
        place& operator=(place&& other) noexcept;
        ~place();

        order_name order;

      private:
        friend class admission;
        admission* owner_ = nullptr;
    };

    /// Throws order-none-open when no order that hands out numbers is open, or order-quota-reached.
    boost::asio::awaitable<place> reserve(const product_settings& product);

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

    /// Of the boards under way `but_for` is not counted.
    void check_quota(const ledger::order_record& order, const serial_number& but_for, std::int64_t waiting,
                     const std::string& subject) const;

    ledger::ledger& book_;
    boost::asio::any_io_executor executor_;
    std::map<serial_number, std::shared_ptr<holder>> holders_;
    std::map<order_name, std::int64_t> reserved_;
    std::map<product_name, std::regex> patterns_;
};

}  // namespace fleetline::station
