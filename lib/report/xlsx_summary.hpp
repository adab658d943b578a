// SPDX-License-Identifier: Apache-2.0
// The first sheet of a workbook: what was asked, yields, failures, days and slots, with charts. Not included
// outside lib/report. One thread.
#pragma once

#include "report/cover.hpp"

struct lxw_workbook;
struct lxw_worksheet;

namespace fleetline::report {

void write_summary(lxw_workbook* book, lxw_worksheet* sheet, const cover& from);

}  // namespace fleetline::report
