// SPDX-License-Identifier: Apache-2.0
// An order's list of serial numbers as it was sent: csv (the first column, with or without a heading such as
// "serial" or "Serial number"), jsonl (a text or an object with "serial" in each line), or a JSON list. All
// or nothing. Pure, any thread. Not included outside lib/api and its tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/names.hpp"

namespace fleetline::api {

struct bad_line {
    std::int64_t line = 0;  ///< from 1; of a JSON list, the entry
    std::string text;
};

struct serial_list {
    std::vector<serial_number> serials;
    std::vector<std::int64_t> lines;  ///< of each of them
    std::vector<bad_line> bad;        ///< the first hundred
    std::int64_t bad_count = 0;

    void complain(std::int64_t line, std::string why);

    /// These places of `serials` hold what cannot be a serial number of the order's product.
    void complain_of(const std::vector<std::size_t>& misfits);
};

/// `type`: text/csv, application/x-ndjson, application/jsonl or application/json.
serial_list parse_serial_list(std::string_view type, std::string_view body);

}  // namespace fleetline::api
