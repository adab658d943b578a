// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstdio>

#include "report/pdf_canvas.hpp"
#include "report/writer.hpp"

namespace fleetline::report {

namespace {

constexpr double row_height = 14;
constexpr double first_row = 66;
constexpr double last_row = pdf_canvas::height - 48;
constexpr std::int64_t rows_of_a_page = static_cast<std::int64_t>((last_row - first_row) / row_height);
constexpr double table_width = pdf_canvas::width - 2 * pdf_canvas::margin;

struct table_column {
    const char* title;
    double width;
    std::string (*text)(const ledger::attempt_row&);
    place side = place::left;
};

std::string started(const ledger::attempt_row& row) {
    if (row.started_at.size() < 19) return row.started_at;
    return row.started_at.substr(0, 10) + ' ' + row.started_at.substr(11, 8);
}

std::string seconds(const ledger::attempt_row& row) {
    if (!row.duration_ms) return {};
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.1f", static_cast<double>(*row.duration_ms) / 1000.0);
    return text.data();
}

std::string result(const ledger::attempt_row& row) {
    if (!row.failure_code.empty()) return row.outcome + ": " + row.failure_code;
    return row.outcome.empty() ? "under way" : row.outcome;
}

// For reading and pointing at; the machine-readable formats have every column.
const std::array<table_column, 10> table{{
    {"started (UTC)", 88, started},
    {"slot", 34, [](const ledger::attempt_row& row) { return row.slot; }},
    {"serial", 84, [](const ledger::attempt_row& row) { return row.serial; }},
    {"product", 72, [](const ledger::attempt_row& row) { return row.product; }},
    {"order", 60, [](const ledger::attempt_row& row) { return row.order; }},
    {"operator", 58, [](const ledger::attempt_row& row) { return row.operator_name; }},
    {"result", 116, result},
    {"seconds", 42, seconds, place::right},
    {"thing", 102, [](const ledger::attempt_row& row) { return row.thing_name; }},
    {"certificate", 100, [](const ledger::attempt_row& row) { return row.certificate_id.substr(0, 16); }},
}};

std::string percent(const std::optional<double>& share) {
    if (!share) return "–";
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.1f %%", *share * 100.0);
    return text.data();
}

class pdf_writer final : public writer {
  public:
    pdf_writer(output& to, cover front)
        : page_(to, "fleetline audit report, station " + front.station), front_(std::move(front)) {
        pages_ = 1 + (front_.rows + rows_of_a_page - 1) / rows_of_a_page;
        title_page();
    }

    /// Rows beyond those that the title page counted are of boards that ended meanwhile: left out.
    void row(const ledger::attempt_row& attempt) override {
        if (written_ == front_.rows) return;
        if (written_ % rows_of_a_page == 0) begin_table();
        const double y = first_row + static_cast<double>(written_ % rows_of_a_page) * row_height;
        if (written_ % 2 == 1)
            page_.box(pdf_canvas::margin, y - 1, table_width, row_height, 0.96, 0.96, 0.96);
        double x = pdf_canvas::margin + 2;
        for (const auto& column : table) {
            page_.text(x, y, column.width - 6, column.text(attempt), {7.5, false, 0, column.side, true});
            x += column.width;
        }
        ++written_;
        if (written_ % rows_of_a_page == 0 || written_ == front_.rows) end_page();
    }

    void finish() override { page_.finish(); }

  private:
    void title_page() {
        const double left = pdf_canvas::margin;
        page_.text(left, 44, 500, "Audit report", {26, true});
        page_.text(left, 80, 700,
                   "Which board became which thing, with which certificate, when, where and by whom",
                   {10, false, 0.35});
        double y = 118;
        for (const auto& [label, value] : facts_of(front_)) {
            page_.text(left, y, 100, label, {9, false, 0.4});
            page_.text(left + 105, y, pdf_canvas::width - 2 * left - 105, value, {9});
            y += 16;
        }
        figures_row(y + 18);
        chart(left, y + 92, pdf_canvas::width - 2 * left, pdf_canvas::height - 70 - (y + 92));
        end_page();
    }

    void figures_row(double y) {
        const auto& total = front_.by_day.total;
        const std::array<std::pair<const char*, std::string>, 7> shown{{
            {"boards passed", std::to_string(total.units_passed)},
            {"attempts", std::to_string(total.attempts())},
            {"not passed", std::to_string(total.failed + total.abandoned)},
            {"refused, no attempts", std::to_string(total.refused)},
            {"first-pass yield", percent(total.first_pass_yield())},
            {"final yield", percent(total.final_yield())},
            {"attempt yield", percent(total.attempt_yield())},
        }};
        const double step = table_width / static_cast<double>(shown.size());
        double x = pdf_canvas::margin;
        for (const auto& [label, value] : shown) {
            page_.text(x, y, step - 8, value, {19, true});
            page_.text(x, y + 26, step - 8, label, {8.5, false, 0.4});
            x += step;
        }
    }

    /// Attempts per day: passed below, the others above. The last days when there are too many.
    void chart(double x, double y, double w, double h) {
        static constexpr std::size_t most_days = 92;
        const auto& days = front_.by_day.groups;
        const std::size_t skipped = days.size() > most_days ? days.size() - most_days : 0;
        const std::size_t count = days.size() - skipped;
        if (count == 0) return;
        std::int64_t highest = 1;
        for (std::size_t i = skipped; i < days.size(); ++i)
            highest = std::max(highest, days[i].all.attempts());
        page_.text(x, y - 18, w,
                   skipped == 0 ? "Attempts per day (UTC)" : "Attempts per day (UTC), the last 92 days",
                   {9, true});
        page_.box(x + w - 150, y - 15, 8, 8, 0.16, 0.55, 0.33);
        page_.text(x + w - 138, y - 17, 50, "passed", {8});
        page_.box(x + w - 80, y - 15, 8, 8, 0.78, 0.25, 0.22);
        page_.text(x + w - 68, y - 17, 68, "not passed", {8});
        page_.text(x, y - 2, 34, std::to_string(highest), {7, false, 0.4, place::right});
        const double base = y + h - 14;
        const double full = base - y;
        const double left = x + 40;
        page_.line(left, y, x + w, y, 0.85);
        page_.line(left, base, x + w, base, 0.5);
        const double step = std::min((x + w - left) / static_cast<double>(count), 60.0);
        const auto every = static_cast<std::size_t>(std::max(1.0, 46.0 / step));
        for (std::size_t i = 0; i < count; ++i) {
            const auto& day = days[skipped + i];
            const double scale = full / static_cast<double>(highest);
            const double good = static_cast<double>(day.all.passed) * scale;
            const double bad = static_cast<double>(day.all.attempts() - day.all.passed) * scale;
            const double at = left + static_cast<double>(i) * step + step * 0.15;
            page_.box(at, base - good, step * 0.7, good, 0.16, 0.55, 0.33);
            page_.box(at, base - good - bad, step * 0.7, bad, 0.78, 0.25, 0.22);
            if (i % every == 0) page_.text(at - 8, base + 3, 50, day.name.substr(5, 5), {7, false, 0.4});
        }
    }

    void begin_table() {
        double x = pdf_canvas::margin + 2;
        for (const auto& column : table) {
            page_.text(x, first_row - 20, column.width - 6, column.title, {8, true, 0.25, column.side});
            x += column.width;
        }
        page_.line(pdf_canvas::margin, first_row - 5, pdf_canvas::width - pdf_canvas::margin, first_row - 5,
                   0.4);
    }

    void end_page() {
        ++page_number_;
        const double y = pdf_canvas::height - 32;
        page_.line(pdf_canvas::margin, y - 4, pdf_canvas::width - pdf_canvas::margin, y - 4, 0.8);
        page_.text(pdf_canvas::margin, y, 640,
                   "Station " + front_.station + "   ·   chain event " + std::to_string(front_.head.seq) +
                       "  " + front_.head.hash,
                   {7, false, 0.4});
        page_.text(pdf_canvas::width - pdf_canvas::margin - 110, y, 110,
                   "page " + std::to_string(page_number_) + " of " + std::to_string(pages_),
                   {7, false, 0.4, place::right});
        page_.end_page();
    }

    pdf_canvas page_;
    cover front_;
    std::int64_t pages_ = 0;
    std::int64_t page_number_ = 0;
    std::int64_t written_ = 0;
};

}  // namespace

std::unique_ptr<writer> make_pdf_writer(output& to, cover front) {
    return std::make_unique<pdf_writer>(to, std::move(front));
}

}  // namespace fleetline::report
