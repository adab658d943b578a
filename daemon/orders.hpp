// SPDX-License-Identifier: Apache-2.0
// Work orders as the API asks for them: checked against the configuration and the ledger, then recorded.
// Owned by the composition; io_context thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>
#include <vector>

#include "api/providers.hpp"
#include "config/settings.hpp"
#include "ledger/ledger.hpp"

namespace fleetline::daemon {

class orders {
  public:
    orders(const config::settings& settings, ledger::ledger& book) : settings_(settings), book_(book) {}

    /// One order a product is open at a time; a closed one is opened again with its new quota. Throws
    /// station-request-invalid (unknown product, negative quota), order-open-already,
    /// station-request-too-many.
    boost::asio::awaitable<void> open(api::order_opening wanted, api::caller by);

    /// Throws order-not-open.
    boost::asio::awaitable<void> close(order_name order, api::caller by);

    /// Adds to the allow-list. Throws order-not-open, station-request-invalid when the order takes any serial
    /// number, or api::unfit_serials.
    boost::asio::awaitable<void> import(order_name order, std::vector<serial_number> serials,
                                         ledger::list_source from);

  private:
    class turn;

    void check_range(const api::order_opening& wanted, const product_name& product) const;
    product_name product_of(const api::order_opening& wanted) const;
    boost::asio::awaitable<ledger::order_record> find_open(order_name order, std::string doing);

    const config::settings& settings_;
    ledger::ledger& book_;
    bool busy_ = false;
};

}  // namespace fleetline::daemon
