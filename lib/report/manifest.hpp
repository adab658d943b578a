// SPDX-License-Identifier: Apache-2.0
// What a signed report says about itself: its filter, its row count, the signed head of the chain it was made
// from. One line of JSON (schema/report-manifest.schema.json) that is signed together with the file. Plain
// values and pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/failure.hpp"
#include "ledger/checkpoint.hpp"
#include "ledger/reader.hpp"

namespace fleetline::report {

struct manifest {
    std::string format;  ///< csv, jsonl, xlsx, pdf
    std::string station;
    std::string made_at;  ///< RFC 3339
    ledger::filter wanted;
    std::int64_t rows = 0;
    ledger::checkpoint head;  ///< not before the last event that the report names
};

std::string to_json_text(const manifest& what);
checked<manifest> manifest_from(std::string_view json);

/// The filter in words: "passed attempts since 2026-11-01T00:00:00.000Z of product sensor".
std::string describe(const ledger::filter& wanted);

}  // namespace fleetline::report
