// SPDX-License-Identifier: Apache-2.0
// The design's resume table: what the rows of a serial's attempts and certificates say about a board that is
// plugged again. Heavy, for .cpp files of this room.
#pragma once

#include "ledger/connection.hpp"
#include "ledger/ledger.hpp"

namespace fleetline::ledger {

/// All but similar_serial_lately, which the writer's book knows.
device_record device_record_of(connection& rows, const serial_number& serial, utc_time now);

std::vector<open_attempt> open_attempts_in(connection& rows);
std::optional<passed_record> passed_attempt_in(connection& rows, const attempt_id& attempt);
std::optional<order_record> open_order_in(connection& rows, const product_name& product);
serial_number serial_of_key_in(connection& rows, const product_name& product, const std::string& key_sha256);
/// Whether any attempt was ever at a board with this serial.
bool serial_known_in(connection& rows, const std::string& serial);
/// The number that a range hands out next: one that no board has. Empty: none is left, or it is no range.
std::string next_serial_in(connection& rows, const std::string& first, const std::string& last,
                           const std::string& last_assigned);
bool serial_allowed_in(connection& rows, const order_name& order, const serial_number& serial);

}  // namespace fleetline::ledger
