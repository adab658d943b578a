// SPDX-License-Identifier: Apache-2.0
#include "report/xlsx_summary.hpp"

#include <xlsxwriter.h>

#include <initializer_list>

#include "report/xlsx_parts.hpp"

namespace fleetline::report {

namespace {

/// Writes downwards: the workbook keeps no rows in memory, so that each must be finished before the next.
class summary {
  public:
    summary(lxw_workbook* book, lxw_worksheet* sheet) : book_(book), sheet_(sheet) {
        title_ = workbook_add_format(book);
        format_set_bold(title_);
        format_set_font_size(title_, 16);
        strong_ = workbook_add_format(book);
        format_set_bold(strong_);
        heading_ = workbook_add_format(book);
        format_set_bold(heading_);
        format_set_bottom(heading_, LXW_BORDER_THIN);
        share_ = workbook_add_format(book);
        format_set_num_format(share_, "0.0%");
        day_ = workbook_add_format(book);
        format_set_num_format(day_, "yyyy-mm-dd");
        format_set_align(day_, LXW_ALIGN_LEFT);
        worksheet_set_column(sheet, 0, 0, 30, nullptr);
        worksheet_set_column(sheet, 1, 7, 13, nullptr);
        worksheet_gridlines(sheet, LXW_HIDE_ALL_GRIDLINES);
    }

    void title(const char* text) { worksheet_write_string(sheet_, line_, 0, text, title_), line_ += 2; }

    void fact(const std::string& label, const std::string& value) {
        text(0, label, strong_);
        text(1, value);
        ++line_;
    }

    void number(const char* label, std::int64_t value) {
        worksheet_write_string(sheet_, line_, 0, label, strong_);
        count(1, value);
        ++line_;
    }

    void yield(const char* label, const std::optional<double>& value) {
        worksheet_write_string(sheet_, line_, 0, label, strong_);
        if (value) worksheet_write_number(sheet_, line_, 1, *value, share_);
        ++line_;
    }

    void headings(std::initializer_list<const char*> names) {
        ++line_;
        lxw_col_t at = 0;
        for (const auto* name : names) worksheet_write_string(sheet_, line_, at++, name, heading_);
        ++line_;
    }

    void group(const std::string& name, const figures& all, bool is_day) {
        if (const auto when = parse_rfc3339(is_day ? name : ""); when) {
            const double days =
                static_cast<double>(when->time_since_epoch().count()) / 86'400'000.0 + 25569.0;
            worksheet_write_number(sheet_, line_, 0, days, day_);
        } else {
            text(0, name.empty() ? "(none)" : name);
        }
        count(1, all.attempts());
        count(2, all.passed);
        count(3, all.failed + all.abandoned);
        count(4, all.refused);
        const std::optional<double> yields[] = {all.first_pass_yield(), all.final_yield()};
        for (lxw_col_t i = 0; i < 2; ++i)
            if (yields[i])
                worksheet_write_number(sheet_, line_, static_cast<lxw_col_t>(5 + i), *yields[i], share_);
        ++line_;
    }

    void failure(const failure_count& one) {
        text(0, one.code);
        count(1, one.not_passed());
        count(2, one.refused);
        ++line_;
    }

    /// A chart of columns `first` … `last` over the lines since `from`.
    void chart(std::uint8_t type, const char* name, lxw_row_t from, std::initializer_list<lxw_col_t> of,
               int place) {
        if (from == line_) return;
        auto* drawn = workbook_add_chart(book_, type);
        for (const auto column : of) {
            auto* series = chart_add_series(drawn, nullptr, nullptr);
            chart_series_set_categories(series, "Summary", from, 0, line_ - 1, 0);
            chart_series_set_values(series, "Summary", from, column, line_ - 1, column);
            chart_series_set_name_range(series, "Summary", from - 1, column);
        }
        chart_title_set_name(drawn, name);
        if (of.size() == 1) chart_legend_set_position(drawn, LXW_CHART_LEGEND_NONE);
        worksheet_insert_chart(sheet_, static_cast<lxw_row_t>(1 + place * 16), 9, drawn);
    }

    lxw_row_t line() const noexcept { return line_; }

  private:
    void text(lxw_col_t at, const std::string& value, lxw_format* format = nullptr) {
        worksheet_write_string(sheet_, line_, at, workbook_text(value).c_str(), format);
    }

    void count(lxw_col_t at, std::int64_t value) {
        worksheet_write_number(sheet_, line_, at, static_cast<double>(value), nullptr);
    }

    lxw_workbook* book_;
    lxw_worksheet* sheet_;
    lxw_format* title_;
    lxw_format* strong_;
    lxw_format* heading_;
    lxw_format* share_;
    lxw_format* day_;
    lxw_row_t line_ = 0;
};

}  // namespace

void write_summary(lxw_workbook* book, lxw_worksheet* sheet, const cover& from) {
    summary page{book, sheet};
    page.title("fleetline audit report");
    for (const auto& [label, value] : facts_of(from)) page.fact(label, value);
    const auto& total = from.by_day.total;
    page.number("Attempts", total.attempts());
    page.number("Not passed", total.failed + total.abandoned);
    page.number("Refused, no attempts", total.refused);
    page.yield("First-pass yield", total.first_pass_yield());
    page.yield("Final yield", total.final_yield());
    page.yield("Attempt yield", total.attempt_yield());

    page.headings(
        {"Day (UTC)", "Attempts", "Passed", "Not passed", "Refused", "First-pass yield", "Final yield"});
    auto begin = page.line();
    for (const auto& group : from.by_day.groups) page.group(group.name, group.all, true);
    page.chart(LXW_CHART_COLUMN_STACKED, "Attempts per day", begin, {2, 3}, 0);

    page.headings({"Slot", "Attempts", "Passed", "Not passed", "Refused", "First-pass yield", "Final yield"});
    begin = page.line();
    for (const auto& group : from.by_slot.groups) page.group(group.name, group.all, false);
    page.chart(LXW_CHART_COLUMN_STACKED, "Attempts per slot", begin, {2, 3}, 1);

    page.headings({"Failure", "Not passed", "Refused"});
    begin = page.line();
    for (const auto& one : from.by_day.failures) page.failure(one);
    page.chart(LXW_CHART_BAR, "Failures and refusals by code", begin, {1, 2}, 2);
}

}  // namespace fleetline::report
