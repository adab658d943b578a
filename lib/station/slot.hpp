// SPDX-License-Identifier: Apache-2.0
// A place where one board sits. Runs one attempt per plug (or retry) and keeps its outcome shown until the
// next. Owned by the station; used on the io_context thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/logger.hpp"
#include "core/signal.hpp"
#include "station/procedure.hpp"

namespace fleetline::station {

/// A board that was plugged in. `open` opens its port, without holding up the others, and throws a failure
/// (port-…) if it cannot; it is cancelled when the board is unplugged meanwhile. It may be called again for a
/// retry, and everything it captures must live until the station has ended.
struct plug {
    std::string usb_serial;  ///< from the USB descriptor, empty if unknown
    std::function<boost::asio::awaitable<std::unique_ptr<board>>()> open;
    /// The watcher's name for this one plugging in, the same for as long as the board stays; empty: it knows
    /// none.
    std::string plugging = {};
};

class slot {
  public:
    slot(const slot_settings& settings, const product_settings& product, workshop& shop, const logger& log,
         const boost::asio::any_io_executor& executor, std::function<void()> changed);
    ~slot();
    slot(const slot&) = delete;
    slot& operator=(const slot&) = delete;

    void plugged(plug what);
    void unplugged();

    /// Another attempt at the board that sits here; false if there is none or one is under way.
    bool retry();

    /// Says whose label was read: the attempt at the board that sits here may start. Also instead of a label
    /// that was refused. False if no label is awaited.
    bool take_label(serial_number label);

    bool awaits_label() const;   ///< a board is here, and its label has not been read
    bool label_refused() const;  ///< the board is here still, and another label may be the right one
    bool takes_early() const;    ///< no board is here, and a label may be read before it comes
    bool has(const serial_number& label) const;  ///< it is the label of the board that is here
    std::string_view usb_serial() const;         ///< of the board that is here

    /// The session with the cloud came up or went: an attempt whose request is on its way waits in it.
    void cloud_is(bool up);

    /// Attempts, one after the other, until the station stops.
    boost::asio::awaitable<void> run();

    const slot_status& status() const { return status_; }

    /// Told of each ended attempt: outcome and failure code. The slot goes on when it is done.
    std::function<boost::asio::awaitable<void>(const slot_status&)> on_outcome;

  private:
    struct presence;

    bool is_back(const presence& board);
    /// True: a board that has passed is here again, or still, and is shown as passed; nothing is to be done.
    boost::asio::awaitable<bool> passed_before(std::shared_ptr<presence> there);
    boost::asio::awaitable<void> one_attempt(std::shared_ptr<presence> there);
    static boost::asio::awaitable<std::unique_ptr<board>> opened(std::shared_ptr<presence> there);
    boost::asio::awaitable<void> at_board(std::shared_ptr<presence> there, procedure& work,
                                          std::unique_ptr<board>& device);
    boost::asio::awaitable<std::shared_ptr<presence>> returned(std::shared_ptr<presence> left);
    boost::asio::awaitable<void> conclude(attempt& current, std::string code, std::string why);

    const slot_settings& settings_;
    const product_settings& product_;
    workshop& shop_;
    const logger& log_;
    boost::asio::any_io_executor executor_;
    std::function<void()> changed_;
    slot_status status_;
    std::shared_ptr<presence> there_;
    signal work_;
    bool busy_ = false;

    /// A board that the station has restarted at the end of its pass, and that went away with it.
    struct restarted_board {
        std::string usb_serial;
        monotonic_time awaited_until;
    };
    std::optional<restarted_board> restarted_;
};

}  // namespace fleetline::station
