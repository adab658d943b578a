// SPDX-License-Identifier: Apache-2.0
// The audit report's columns: one table that every writer, the published schema and `audit verify` go by.
// Their names and order are an interface (design section 6). Constant data, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "ledger/reader.hpp"

namespace fleetline::report {

/// Which member of the ledger's row a column shows.
using text_member = std::string ledger::attempt_row::*;
using number_member = std::int64_t ledger::attempt_row::*;
using optional_number_member = std::optional<std::int64_t> ledger::attempt_row::*;
using optional_truth_member = std::optional<bool> ledger::attempt_row::*;
using member = std::variant<text_member, number_member, optional_number_member, optional_truth_member>;

struct column {
    std::string_view name;
    member value;
};

/// The pinned columns in the pinned order.
std::span<const column> columns();

/// A cell as plain text: empty when there is no value, "true" and "false", decimal digits.
std::string cell_text(const column& which, const ledger::attempt_row& row);

}  // namespace fleetline::report
