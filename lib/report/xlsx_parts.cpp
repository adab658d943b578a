// SPDX-License-Identifier: Apache-2.0
#include "report/xlsx_parts.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "core/encoding.hpp"

namespace fleetline::report {

namespace {

constexpr std::size_t longest_text = 8000;  // Excel takes 32,767 characters, and a byte may become four

/// U+FFFE and U+FFFF: well-formed UTF-8, and not allowed in XML, which has no way to write them either.
void show_noncharacters(std::string& text) {
    constexpr std::string_view begins = "\xEF\xBF";
    for (auto at = text.find(begins); at != std::string::npos; at = text.find(begins, at + 1)) {
        const char last = at + 2 < text.size() ? text[at + 2] : '\0';
        if (last == '\xBE') text.replace(at, 3, "\\xef\\xbf\\xbe");
        if (last == '\xBF') text.replace(at, 3, "\\xef\\xbf\\xbf");
    }
}

[[noreturn]] void failed(const std::string& file) {
    throw std::system_error(errno, std::generic_category(), "reading " + file);
}

class reading {
  public:
    explicit reading(const std::string& file) : descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC)) {
        if (descriptor < 0) failed(file);
    }
    reading(const reading&) = delete;
    reading& operator=(const reading&) = delete;
    ~reading() { ::close(descriptor); }

    const int descriptor;
};

}  // namespace

std::string workbook_text(const std::string& text) {
    const bool as_it_is =
        text.size() <= longest_text && is_utf8(text) && text.find('\0') == std::string::npos;
    auto clean = as_it_is ? text : printable(text, longest_text);
    show_noncharacters(clean);
    return clean;
}

void append_file(output& to, const std::string& file) {
    const reading from{file};
    std::array<char, 65536> piece{};
    for (;;) {
        const ssize_t got = ::read(from.descriptor, piece.data(), piece.size());
        if (got == 0) return;
        if (got > 0) {
            to.write({piece.data(), static_cast<std::size_t>(got)});
        } else if (errno != EINTR) {
            failed(file);
        }
    }
}

}  // namespace fleetline::report
