// SPDX-License-Identifier: Apache-2.0
// Reads an exported report back, row by row, as text cells in the pinned order. csv or jsonl is told by the
// first bytes. Everything in the file is a stranger's: what is not a report is said, with its line. One
// thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "core/failure.hpp"

namespace fleetline::report {

class report_file {
  public:
    /// Throws std::system_error when it is no regular file, or cannot be opened.
    explicit report_file(const std::filesystem::path& file);

    /// The next row's cells, no row at the end, or why the file is no report. Throws std::system_error when
    /// the file cannot be read.
    checked<std::optional<std::vector<std::string>>> next();

    /// False for a workbook and a pdf, which are for people.
    bool has_rows() const noexcept { return rows_; }
    bool is_csv() const noexcept { return csv_; }
    bool is_empty() const noexcept { return empty_; }
    std::int64_t line() const noexcept { return line_; }

  private:
    checked<std::optional<std::vector<std::string>>> next_csv();
    checked<std::optional<std::vector<std::string>>> next_jsonl();

    std::system_error cannot_read(int why) const;
    void must_be_read() const;

    std::filesystem::path name_;
    std::ifstream from_;
    std::string text_;  ///< of a line of jsonl
    bool csv_ = false;
    bool rows_ = true;
    bool empty_ = false;
    bool header_read_ = false;
    std::int64_t line_ = 0;
};

}  // namespace fleetline::report
