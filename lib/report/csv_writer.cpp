// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <charconv>
#include <cstdint>

#include "core/encoding.hpp"
#include "report/columns.hpp"
#include "report/writer.hpp"

namespace fleetline::report {

namespace {

/// Bytes that make a cell need a second look: quotes and separators, everything that is not ASCII. All of
/// them are looked at together.
bool has_special_bytes(std::string_view text) {
    unsigned found = 0;
    for (const char byte : text)
        found |= static_cast<unsigned>(byte == '"') | static_cast<unsigned>(byte == ',') |
                 static_cast<unsigned>(byte == '\r') | static_cast<unsigned>(byte == '\n') |
                 static_cast<unsigned>(static_cast<unsigned char>(byte) >> 7U);
    return found != 0;
}

/// Excel, LibreOffice and Sheets run a cell that begins like this (OWASP "CSV Injection"); the last four
/// are the full-width = + - @ that East Asian locales treat alike.
bool looks_like_formula(std::string_view text) {
    if (text.empty()) return false;
    static constexpr std::string_view starts = "=+-@\t\r\n";
    if (starts.find(text.front()) != std::string_view::npos) return true;
    static constexpr std::array<std::string_view, 4> full_width{"\uFF1D", "\uFF0B", "\uFF0D", "\uFF20"};
    for (const auto sign : full_width) {
        if (text.starts_with(sign)) return true;
    }
    return false;
}

/// Well-formed UTF-8 stays; a damaged or forged ledger may hold anything, and the report says UTF-8.
std::string as_utf8(std::string_view text) {
    return is_utf8(text) ? std::string{text} : printable(text, text.size());
}

std::string careful_cell(std::string_view text) {
    std::string clean = as_utf8(text);
    if (looks_like_formula(clean)) clean.insert(clean.begin(), '\'');
    if (clean.find_first_of("\",\r\n") == std::string::npos) return clean;
    std::string quoted = "\"";
    for (const char byte : clean) {
        if (byte == '"') quoted += '"';
        quoted += byte;
    }
    return quoted += '"';
}

class csv_writer final : public writer {
  public:
    explicit csv_writer(output& to) : to_(to) {
        bool first = true;
        for (const auto& column : columns()) {
            if (!first) to_.put(',');
            first = false;
            to_.write(column.name);
        }
        to_.write("\r\n");
    }

    void row(const ledger::attempt_row& attempt) override {
        bool first = true;
        for (const auto& column : columns()) {
            if (!first) to_.put(',');
            first = false;
            std::visit([this, &attempt](auto which) { cell(attempt.*which); }, column.value);
        }
        to_.write("\r\n");
    }

    void finish() override {}

  private:
    void cell(const std::string& text) {
        if (text.empty()) return;
        if (!looks_like_formula(text) && !has_special_bytes(text)) return to_.write(text);
        to_.write(careful_cell(text));
    }
    void cell(std::int64_t number) {
        std::array<char, 24> digits{};
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
        to_.write({digits.data(), static_cast<std::size_t>(end - digits.data())});
    }
    void cell(const std::optional<std::int64_t>& number) {
        if (number) cell(*number);
    }
    void cell(const std::optional<bool>& truth) {
        if (truth) to_.write(*truth ? "true" : "false");
    }

    output& to_;
};

}  // namespace

std::string csv_cell(std::string_view text) {
    return careful_cell(text);
}

std::unique_ptr<writer> make_csv_writer(output& to) {
    return std::make_unique<csv_writer>(to);
}

}  // namespace fleetline::report
