// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <charconv>
#include <cstdint>

#include "core/encoding.hpp"
#include "report/columns.hpp"
#include "report/writer.hpp"

namespace fleetline::report {

namespace {

/// Bytes that make a cell need a second look: quotes and separators, everything that is not ASCII.
constexpr auto special_bytes = [] {
    std::array<std::uint8_t, 256> special{};
    for (const char byte : {'"', ',', ';', '\t', '\r', '\n'}) special[static_cast<unsigned char>(byte)] = 1;
    for (std::size_t byte = 0x80; byte < special.size(); ++byte) special[byte] = 1;
    return special;
}();

bool has_special_bytes(std::string_view text) {
    unsigned found = 0;
    for (const char byte : text) found |= special_bytes[static_cast<unsigned char>(byte)];
    return found != 0;
}

/// What a spreadsheet that separates by semicolons or tabs may take for the end of a cell: it sees our
/// quotes in the middle of its cells, where they count for nothing.
constexpr std::string_view other_separators = ";\t\r\n";

/// Excel, LibreOffice and Sheets run a cell that begins like this (OWASP "CSV Injection"); the last four
/// are the full-width = + - @ that East Asian locales treat alike. Quotes may be gone before it is run, and
/// apostrophes count as they do so that ours can be told from the text's.
bool begins_formula(std::string_view text) {
    const auto at = text.find_first_not_of("'\"");
    if (at == std::string_view::npos) return false;
    text.remove_prefix(at);
    static constexpr std::array<std::string_view, 8> signs{"=",      "+",      "-",      "@",
                                                           "\uFF1D", "\uFF0B", "\uFF0D", "\uFF20"};
    for (const auto sign : signs) {
        if (text.starts_with(sign)) return true;
    }
    return false;
}

/// At the beginning of a text a tab or a line's end as well: a spreadsheet may drop it.
bool looks_like_formula(std::string_view text) {
    const auto first = static_cast<unsigned char>(text.empty() ? 'a' : text.front());
    const bool is_letter = (first | 0x20U) >= 'a' && (first | 0x20U) <= 'z';
    if (is_letter || (first >= '0' && first <= '9')) return false;  // nearly all of them
    const auto at = text.find_first_not_of("'\"");
    if (at == std::string_view::npos) return false;
    return begins_formula(text) || std::string_view{"\t\r\n"}.find(text[at]) != std::string_view::npos;
}

/// An apostrophe before whatever may be run. schema/report.schema.json says how it is taken away again.
std::string disarmed(std::string_view text) {
    std::string safe;
    if (looks_like_formula(text)) safe += '\'';
    for (std::size_t i = 0; i < text.size(); ++i) {
        safe += text[i];
        if (other_separators.find(text[i]) != std::string_view::npos && begins_formula(text.substr(i + 1)))
            safe += '\'';
    }
    return safe;
}

/// Well-formed UTF-8 stays; a damaged or forged ledger may hold anything, and the report says UTF-8.
std::string as_utf8(std::string_view text) {
    return is_utf8(text) ? std::string{text} : printable(text, text.size());
}

std::string careful_cell(std::string_view text) {
    std::string clean = disarmed(as_utf8(text));
    if (clean.find_first_of("\",;\t\r\n") == std::string::npos) return clean;
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
