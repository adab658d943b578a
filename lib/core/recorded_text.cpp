// SPDX-License-Identifier: Apache-2.0
#include "core/recorded_text.hpp"

#include <utility>

#include "core/encoding.hpp"

namespace fleetline {

namespace {

/// C0, DEL, and C1, which terminals obey too.
bool has_control_character(std::string_view utf8) {
    unsigned before = 0;
    for (const char c : utf8) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20U || byte == 0x7fU || (before == 0xc2U && byte < 0xa0U)) return true;
        before = byte;
    }
    return false;
}

/// Also of an input method's wide spaces, and of those that do not break.
bool is_blank(std::string_view text) {
    while (!text.empty()) {
        std::size_t length = 0;
        for (const std::string_view blank : {" ", "\u3000", "\u00a0"})
            if (text.starts_with(blank)) length = blank.size();
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

}  // namespace

checked<std::string> recordable_or_none(std::string text, std::size_t longest) {
    if (text.size() > longest || !is_utf8(text) || has_control_character(text))
        return reason{"it must be a text (UTF-8) of at most " + std::to_string(longest) +
                      " bytes without control characters"};
    return text;
}

checked<std::string> recordable(std::string text, std::size_t longest) {
    if (text.empty()) return reason{"it is missing"};
    if (is_blank(text)) return reason{"it is blank"};
    return recordable_or_none(std::move(text), longest);
}

}  // namespace fleetline
