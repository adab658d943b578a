// SPDX-License-Identifier: Apache-2.0
// The projections' rows to and from their tables, column by column. For this room alone.
#pragma once

#include <string>

#include "ledger/connection.hpp"
#include "ledger/states.hpp"

namespace fleetline::ledger {

/// In the order in which attempt_from reads them.
extern const char* const attempt_columns;
extern const char* const certificate_columns;
extern const char* const order_columns;
extern const char* const rework_columns;

attempt_state attempt_from(statement& row);
certificate_state certificate_from(statement& row);
order_state order_from(statement& row);
rework_state rework_from(statement& row);

/// Whether the row is exactly this; compares in place.
bool is_row_of(statement& row, const attempt_state& what);
bool is_row_of(statement& row, const certificate_state& what);

/// "its passed says '3' where the events say '2'", or an empty text.
std::string difference(const order_state& row, const order_state& events);

/// All but its certificate, which may have no row yet.
void insert(connection& into, const attempt_state& what);
void set_certificate(connection& into, const attempt_state& what);

/// An attempt's columns that decide what is in its indexes and that change while it is open. (The key's index
/// has few rows, and takes it as it comes.)
struct indexed_columns {
    std::string serial, work_order, thing_name, outcome;

    explicit indexed_columns(const attempt_state& of)
        : serial(of.serial), work_order(of.work_order), thing_name(of.thing_name), outcome(of.outcome) {}
};

/// Of those columns only the ones that have changed: the others' indexes are left alone.
void update(connection& into, const indexed_columns& was, const attempt_state& what);
void insert(connection& into, const certificate_state& what);
void update(connection& into, const certificate_state& what);
void replace(connection& into, const order_state& what);
void insert(connection& into, const rework_state& what);

}  // namespace fleetline::ledger
