// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>
#include <xlsxwriter.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "report/columns.hpp"
#include "report/writer.hpp"
#include "report/xlsx_parts.hpp"
#include "report/xlsx_summary.hpp"

namespace fleetline::report {

namespace {

constexpr std::int64_t rows_of_a_sheet = 1'000'000;  // Excel takes 1,048,576

/// libxlsxwriter writes to a name; this one is ours until the bytes are in the output.
class temporary_name {
  public:
    temporary_name() : text_((std::filesystem::temp_directory_path() / "fleetline-xlsx-XXXXXX").string()) {
        const int descriptor = ::mkstemp(text_.data());
        if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "writing " + text_);
        ::close(descriptor);
    }
    temporary_name(const temporary_name&) = delete;
    temporary_name& operator=(const temporary_name&) = delete;
    ~temporary_name() { ::unlink(text_.c_str()); }

    const std::string& text() const noexcept { return text_; }

  private:
    std::string text_;
};

double width_of(std::string_view column) {
    if (column.ends_with("_at") || column == "certificate_not_after") return 23;
    if (column.ends_with("_id") || column.ends_with("sha256") || column == "event_hash") return 20;
    if (column == "serial" || column == "thing_name") return 18;
    return std::max<double>(static_cast<double>(column.size()) + 3, 11);
}

class xlsx_writer final : public writer {
  public:
    xlsx_writer(output& to, cover front) : to_(to), front_(std::move(front)) {
        lxw_workbook_options how{};
        how.constant_memory = LXW_TRUE;
        how.use_zip64 = LXW_TRUE;
        book_ = workbook_new_opt(file_.text().c_str(), &how);
        if (book_ == nullptr) throw std::runtime_error("cannot make a workbook");
        heading_ = workbook_add_format(book_);
        format_set_bold(heading_);
        format_set_bottom(heading_, LXW_BORDER_THIN);
        time_ = workbook_add_format(book_);
        format_set_num_format(time_, "yyyy-mm-dd hh:mm:ss.000");
        summary_ = workbook_add_worksheet(book_, "Summary");
        add_sheet();
    }

    ~xlsx_writer() override {
        if (book_ != nullptr) workbook_close(book_);  // an unfinished one: its name goes away anyway
    }

    void row(const ledger::attempt_row& attempt) override {
        if (line_ > rows_of_a_sheet) add_sheet();
        lxw_col_t at = 0;
        for (const auto& column : columns()) {
            std::visit([&](auto which) { cell(at, column.name, attempt.*which); }, column.value);
            ++at;
        }
        ++line_;
        ++rows_;
    }

    void finish() override {
        close_sheet();
        front_.rows = rows_;
        write_summary(book_, summary_, front_);
        if (const auto error = workbook_close(std::exchange(book_, nullptr)); error != LXW_NO_ERROR)
            throw std::system_error(errno != 0 ? errno : EIO, std::generic_category(),
                                    std::string{"making the workbook: "} + lxw_strerror(error));
        append_file(to_, file_.text());
    }

  private:
    void add_sheet() {
        if (sheet_ != nullptr) close_sheet();
        ++sheets_;
        const std::string name = sheets_ == 1 ? "Attempts" : "Attempts " + std::to_string(sheets_);
        sheet_ = workbook_add_worksheet(book_, name.c_str());
        worksheet_freeze_panes(sheet_, 1, 0);
        lxw_col_t at = 0;
        for (const auto& column : columns()) {
            worksheet_set_column(sheet_, at, at, width_of(column.name), nullptr);
            worksheet_write_string(sheet_, 0, at, std::string{column.name}.c_str(), heading_);
            ++at;
        }
        line_ = 1;
    }

    void close_sheet() {
        worksheet_autofilter(sheet_, 0, 0, static_cast<lxw_row_t>(line_ - 1),
                             static_cast<lxw_col_t>(columns().size() - 1));
    }

    void cell(lxw_col_t at, std::string_view name, const std::string& text) {
        if (text.empty()) return;
        const auto line = static_cast<lxw_row_t>(line_);
        const bool is_time = name.ends_with("_at") || name == "certificate_not_after";
        if (const auto when = parse_rfc3339(is_time ? text : ""); when) {
            // Excel's day 0 is 1899-12-30.
            const double days =
                static_cast<double>(when->time_since_epoch().count()) / 86'400'000.0 + 25569.0;
            worksheet_write_number(sheet_, line, at, days, time_);
        } else {
            worksheet_write_string(sheet_, line, at, workbook_text(text).c_str(), nullptr);
        }
    }
    void cell(lxw_col_t at, std::string_view, std::int64_t number) {
        worksheet_write_number(sheet_, static_cast<lxw_row_t>(line_), at, static_cast<double>(number),
                               nullptr);
    }
    void cell(lxw_col_t at, std::string_view name, const std::optional<std::int64_t>& number) {
        if (number) cell(at, name, *number);
    }
    void cell(lxw_col_t at, std::string_view, const std::optional<bool>& truth) {
        if (truth)
            worksheet_write_boolean(sheet_, static_cast<lxw_row_t>(line_), at, *truth ? 1 : 0, nullptr);
    }

    output& to_;
    cover front_;
    temporary_name file_;
    lxw_workbook* book_ = nullptr;
    lxw_worksheet* summary_ = nullptr;
    lxw_worksheet* sheet_ = nullptr;
    lxw_format* heading_ = nullptr;
    lxw_format* time_ = nullptr;
    std::int64_t line_ = 1;
    std::int64_t rows_ = 0;
    int sheets_ = 0;
};

}  // namespace

std::unique_ptr<writer> make_xlsx_writer(output& to, cover front) {
    return std::make_unique<xlsx_writer>(to, std::move(front));
}

}  // namespace fleetline::report
