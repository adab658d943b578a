// SPDX-License-Identifier: Apache-2.0
// The way of one board, from "who is there" to proof: the design's section 2. Throws a `failure` where it
// ends early; the slot catches it. One object an attempt, on the io_context thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/signal.hpp"
#include "station/admission.hpp"
#include "station/attempt.hpp"
#include "station/board.hpp"
#include "station/duty.hpp"
#include "station/issuer.hpp"
#include "station/resume.hpp"
#include "station/seating.hpp"

namespace fleetline::station {

/// What all procedures share. Owned by the station; outlives them.
struct workshop {
    const station_settings& settings;
    ledger::ledger& book;
    issuer& cloud;
    admission& gate;
    time_source& time;
    signal& stopping;
    seating& seats;
    const duty& staff;
    /// A serial number was handed out: the order has another next one.
    std::function<boost::asio::awaitable<void>()> number_given = {};
};

class procedure {
  public:
    /// `label` is the scanned serial number, empty where the product needs no scan.
    procedure(workshop& shop, attempt& current, const product_settings& product, serial_number label);

    /// `gone` is set when the board is unplugged; it ends with port-gone then. Run again with the same board,
    /// back in its slot, it goes on from the last durable event, as an attempt of its own would. `device`
    /// outlives the call.
    boost::asio::awaitable<void> run(board& device, std::string usb_serial, std::shared_ptr<signal> gone);

    /// It ended with port-gone because another board is there now, or may be.
    bool met_another_board() const { return met_another_; }

  private:
    void start_afresh();
    boost::asio::awaitable<void> identify();
    void check_same_board(const serial_number& expected);
    boost::asio::awaitable<serial_number> serial_of_range(serial_number given);
    boost::asio::awaitable<void> admit();
    boost::asio::awaitable<resume_action> look_back();
    boost::asio::awaitable<void> set_aside(std::string_view state, std::string why);
    boost::asio::awaitable<void> obtain_certificate();
    boost::asio::awaitable<void> make_csr();
    boost::asio::awaitable<void> issue();
    boost::asio::awaitable<issued_certificate> ask_for_certificate();
    boost::asio::awaitable<void> register_thing();
    boost::asio::awaitable<bool> register_once();
    boost::asio::awaitable<bool> holds_it_already();
    boost::asio::awaitable<void> deliver();
    boost::asio::awaitable<void> prove();
    boost::asio::awaitable<void> finish();

    boost::asio::awaitable<void> cloud_available(monotonic_time until);
    void stop_if_asked() const;
    void check_label() const;
    bool cloud_makes_key() const;
    void take_over(const ledger::device_record& record);
    std::string subject() const;
    std::string filled(std::string_view pattern) const;
    registration_request registration() const;
    boost::asio::awaitable<void> sign(registration_request& request) const;
    boost::asio::awaitable<void> earlier_answers_over(registration_request request);

    /// Runs a step on the board; ends it with port-gone when the board is unplugged.
    template <class T>
    boost::asio::awaitable<T> with_board(boost::asio::awaitable<T> step);

    workshop& shop_;
    attempt& attempt_;
    const product_settings& product_;
    serial_number label_;
    board* device_ = nullptr;
    std::string usb_serial_;
    std::shared_ptr<signal> gone_;
    bool is_back_ = false;   ///< it ran before
    bool admitted_ = false;  ///< and that is in the ledger
    bool met_another_ = false;

    admission::place place_;  ///< until the seat is taken, where the order says the serial number
    admission::claim seat_;
    serial_number serial_;
    serial_number own_serial_;  ///< what the board itself says, empty if it cannot
    board_identity identity_;
    signing_request request_;
    issued_certificate issued_;
    request_times registration_ms_;
    utc_time token_expires_{};
    bool recorded_ = false;    ///< the certificate is in the ledger already (resumed)
    bool registered_ = false;  ///< the registration is in the ledger already (resumed)
    credential credential_;
    certificate_id current_;                     ///< of an earlier pass, replaced by this one
    std::vector<certificate_id> registrations_;  ///< earlier attempts wanted the serial registered with these
    bool similar_serial_ = false;                ///< was at work lately: device_record
};

}  // namespace fleetline::station
