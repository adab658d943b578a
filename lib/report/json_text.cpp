// SPDX-License-Identifier: Apache-2.0
#include "report/json_text.hpp"

#include "core/encoding.hpp"

namespace fleetline::report {

namespace {

void append_escaped(std::string& to, std::string_view text) {
    static constexpr std::string_view digits = "0123456789abcdef";
    for (const char byte : text) {
        if (byte == '"' || byte == '\\') {
            to += '\\';
            to += byte;
        } else if (byte == '\n') {
            to += "\\n";
        } else if (byte == '\t') {
            to += "\\t";
        } else if (byte == '\r') {
            to += "\\r";
        } else if (const auto code = static_cast<unsigned char>(byte); code < 0x20) {
            to += "\\u00";
            to += digits[code >> 4U];
            to += digits[code & 15U];
        } else {
            to += byte;
        }
    }
}

}  // namespace

void append_json_text(std::string& to, std::string_view text) {
    to += '"';
    if (is_utf8(text)) {
        append_escaped(to, text);
    } else {
        append_escaped(to, printable(text, text.size()));
    }
    to += '"';
}

}  // namespace fleetline::report
