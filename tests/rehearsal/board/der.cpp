// SPDX-License-Identifier: Apache-2.0
#include "der.hpp"

#include <openssl/evp.h>

#include <array>

namespace fleetline::rehearsal_board {

namespace der {

std::string element(unsigned char tag, std::string_view content) {
    std::string out(1, static_cast<char>(tag));
    const std::size_t size = content.size();
    if (size < 0x80) {
        out += static_cast<char>(size);
    } else if (size < 0x100) {
        out += '\x81';
        out += static_cast<char>(size);
    } else {
        out += '\x82';
        out += static_cast<char>(size >> 8);
        out += static_cast<char>(size & 0xff);
    }
    return out.append(content);
}

std::string sequence(std::initializer_list<std::string_view> parts) {
    std::string content;
    for (const auto part : parts) content += part;
    return element(0x30, content);
}

std::string set(std::string_view content) {
    return element(0x31, content);
}
std::string octets(std::string_view content) {
    return element(0x04, content);
}
std::string bits(std::string_view content) {
    return element(0x03, std::string(1, '\0').append(content));
}
std::string oid(std::string_view content) {
    return element(0x06, content);
}

std::string ecdsa_with_null() {
    return sequence({oid("\x2a\x86\x48\xce\x3d\x04\x03\x02"), element(0x05, "")});
}

std::string common_name(std::string_view name) {
    return sequence({set(sequence({oid("\x55\x04\x03"), element(0x0c, name)}))});
}

}  // namespace der

std::string base64(std::string_view bytes) {
    std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
    const int size =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                        reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
    out.resize(static_cast<std::size_t>(size));
    return out;
}

namespace {

int value_of(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == '+') return 62;
    if (c == '/') return 63;
    return -1;
}

void append_group(std::string& out, const std::array<int, 4>& group, int padding) {
    const int all = (group[0] << 18) | (group[1] << 12) | (group[2] << 6) | group[3];
    out += static_cast<char>((all >> 16) & 0xff);
    if (padding < 2) out += static_cast<char>((all >> 8) & 0xff);
    if (padding < 1) out += static_cast<char>(all & 0xff);
}

}  // namespace

std::optional<std::string> base64_line(std::string_view line) {
    std::string out;
    std::array<int, 4> group{};
    std::size_t in_group = 0;
    int padding = 0;
    while (!line.empty() && line.back() == ' ') line.remove_suffix(1);
    for (const char c : line) {
        if (c == '=') {
            if (++padding > 2) return std::nullopt;
        } else if (padding != 0 || value_of(c) < 0) {
            return std::nullopt;
        }
        group.at(in_group++) = c == '=' ? 0 : value_of(c);
        if (in_group < group.size()) continue;
        append_group(out, group, padding);
        in_group = 0;
    }
    return out;
}

std::string pem(std::string_view label, std::string_view content, std::string_view eol) {
    std::string out = "-----BEGIN ";
    out.append(label).append("-----").append(eol);
    const std::string text = base64(content);
    for (std::size_t at = 0; at < text.size(); at += 64) out.append(text.substr(at, 64)).append(eol);
    return out.append("-----END ").append(label).append("-----").append(eol);
}

std::string der_of_pem(std::string_view text) {
    const auto begin = text.find("-----BEGIN ");
    const auto body = text.find('\n', begin);
    const auto end = text.find("-----END ");
    if (begin == std::string_view::npos || body == std::string_view::npos || end == std::string_view::npos)
        return {};
    std::string joined;
    for (const char c : text.substr(body, end - body))
        if (c != '\r' && c != '\n') joined += c;
    return base64_line(joined).value_or("");
}

}  // namespace fleetline::rehearsal_board
