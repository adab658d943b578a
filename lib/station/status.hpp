// SPDX-License-Identifier: Apache-2.0
// What the station looks like from outside at one moment: for the API, the page, `fleetline status` and the
// metrics. Plain values, copied out on the io_context thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/names.hpp"
#include "core/time.hpp"
#include "station/issuer.hpp"

namespace fleetline::station {

/// The procedure's steps, in order. The design's names; `failure_step` in reports.
enum class step { identify, admit, csr, issue, register_thing, deliver, prove, finish };

std::string_view to_text(step which);  ///< identify, admit, csr, issue, register, deliver, prove, finish

enum class slot_state {
    empty,
    waiting_for_scan,
    working,
    waiting_for_cloud,
    passed,
    failed,
    refused,
    abandoned
};

/// empty, waiting-for-scan, working, waiting-for-cloud, passed, failed, refused, abandoned
std::string_view to_text(slot_state which);

/// One slot. PASS or FAIL stays until the next plug, so that everything but `state` and `plugged` may be of a
/// board that has left.
struct slot_status {
    slot_name slot;
    product_name product;
    std::string port;  ///< udev ID_PATH
    bool plugged = false;
    slot_state state = slot_state::empty;
    step at = step::identify;
    utc_time since{};  ///< of the state
    attempt_id attempt;
    serial_number serial;
    thing_name thing;
    certificate_id certificate;
    std::string failure_code;
    std::string failure_text;    ///< the operator's words, from the catalogue
    std::string failure_reason;  ///< the engineer's: what, to what, why
    std::string next_action;
    serial_number label_serial, board_serial;  ///< of a label that is not this board's; else empty
    std::optional<milliseconds> duration;      ///< of an attempt that ended

    /// Forgets the board that was here before; what is of the slot itself stays.
    void start_over(slot_state now, utc_time when);

    friend bool operator==(const slot_status&, const slot_status&) = default;
};

struct order_status {
    order_name order;
    product_name product;
    std::int64_t quota = 0;
    std::int64_t passed = 0;
    std::string first_serial, last_serial;  ///< of the range it hands out; empty: none
    std::string next_serial;                ///< the next one of that; empty: none is left
};

struct station_status {
    std::string station;
    std::string operator_name;  ///< who signed on, or the configured one
    utc_time operator_since{};  ///< of the sign-on; nothing: nobody signed on
    utc_time started_at{};
    bool stopping = false;
    issuer_status cloud;
    bool ledger_writable = true;
    std::string ledger_trouble;
    std::vector<order_status> orders;
    std::vector<slot_status> slots;                     ///< in the configuration's order
    std::map<std::string, std::int64_t> outcomes;       ///< since the start, by outcome
    std::map<std::string, std::int64_t> failure_codes;  ///< since the start, by code
};

}  // namespace fleetline::station
