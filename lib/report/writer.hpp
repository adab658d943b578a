// SPDX-License-Identifier: Apache-2.0
// Writes an audit report row by row; memory does not grow with rows. One implementation a format. Owned by
// whoever makes the report; one thread. Errors of the output come through as std::system_error.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "ledger/reader.hpp"
#include "report/cover.hpp"
#include "report/output.hpp"

namespace fleetline::report {

class writer {
  public:
    writer() = default;
    writer(const writer&) = delete;
    writer& operator=(const writer&) = delete;
    virtual ~writer() = default;

    virtual void row(const ledger::attempt_row& attempt) = 0;

    /// After the last row. The output is not committed: that is its owner's.
    virtual void finish() = 0;
};

/// RFC 4180: a header line, CRLF, quotes where needed, UTF-8 without a mark. Text that a spreadsheet would
/// take for a formula gets an apostrophe in front.
std::unique_ptr<writer> make_csv_writer(output& to);

/// One JSON object a line, keys as the columns; numbers and booleans typed; an empty field is "", whatever
/// its type, never null.
std::unique_ptr<writer> make_jsonl_writer(output& to);

/// A workbook: a summary sheet with charts, then typed cells under a frozen, filtered heading.
std::unique_ptr<writer> make_xlsx_writer(output& to, cover front);

/// Pages for people: a title page with figures and a chart, then a table; the chain's head at the foot.
std::unique_ptr<writer> make_pdf_writer(output& to, cover front);

/// One cell as the csv writer puts it.
std::string csv_cell(std::string_view text);

/// One attempt as jsonl has it, without the line's end.
void append_json_line(std::string& to, const ledger::attempt_row& attempt);

}  // namespace fleetline::report
