// SPDX-License-Identifier: Apache-2.0
// The rows of the projections as plain values: what the events made of an attempt, a certificate, an order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ledger/ledger.hpp"

namespace fleetline::ledger {

/// "csr-made" … as in the tables; an unknown text is stage::none.
std::string_view stage_name(stage reached);
stage stage_from(std::string_view name);

struct attempt_state {
    std::int64_t number = 0;  ///< seq of the event that started it
    std::string attempt_id;
    std::int64_t station = 0;
    std::string slot, port, product, started_at;
    bool clock_synchronised = false;  ///< for all of its events
    std::string serial, serial_source, dialect, firmware_version;
    std::string work_order, operator_name, template_name;
    bool rework = false;
    stage reached = stage::none;  ///< by its own events, the last one
    std::string key_origin, public_key_sha256;
    std::int64_t certificate = 0;  ///< number of the one it works on
    std::string thing_name, proof, replaces;
    std::string outcome, failure_code, failure_step, failure_text, finished_at;
    std::optional<std::int64_t> duration_ms;
    std::string step_ms;
    std::int64_t last_event = 0;

    bool open() const { return outcome.empty(); }
};

struct certificate_state {
    std::int64_t number = 0;  ///< seq of the event that holds its PEM
    std::string certificate_id;
    std::int64_t attempt = 0;
    std::string serial, public_key_sha256, issued_at, not_after, thing_name;
    std::int64_t registration = 0;  ///< seq of the registered event
    std::string state;
    std::int64_t state_event = 0;
    std::string why, replaced_by, revoked_at, revoked_by, revoked_note;

    /// It may still end up as the board's: not current, not set aside.
    bool under_way() const {
        return state == "issued" || state == "requested" || state == "registered" || state == "delivered" ||
               state == "proved";
    }
    bool operator==(const certificate_state&) const = default;
};

struct order_state {
    std::string name, product;
    std::int64_t quota = 0;
    bool allow_list = false;
    std::string opened_at, opened_by, closed_at, closed_by;
    std::int64_t passed = 0;
    std::int64_t last_event = 0;
    std::string first_serial, last_serial;  ///< of its range
    std::string last_assigned;              ///< of that, the last one handed out

    bool operator==(const order_state&) const = default;
};

struct rework_state {
    std::int64_t number = 0;
    std::string serial, reason, authorised_by, authorised_at;

    bool operator==(const rework_state&) const = default;
};

}  // namespace fleetline::ledger
