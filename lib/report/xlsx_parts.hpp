// SPDX-License-Identifier: Apache-2.0
// What goes into a workbook's cells, and the finished workbook into the output. Not included outside
// lib/report. Pure, and one thread.
#pragma once

#include <string>

#include "report/output.hpp"

namespace fleetline::report {

/// A cell's text as a workbook can hold it: characters that XML has, no longer than Excel takes.
std::string workbook_text(const std::string& text);

/// Everything in a file. Throws std::system_error when it cannot be read to its end.
void append_file(output& to, const std::string& file);

}  // namespace fleetline::report
