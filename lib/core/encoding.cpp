// SPDX-License-Identifier: Apache-2.0
#include "core/encoding.hpp"

#include <openssl/evp.h>

#include <cstdint>
#include <cstring>

namespace fleetline {

namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// Length of the well-formed UTF-8 sequence at the start of `bytes`, or 0.
std::size_t utf8_length(std::string_view bytes) {
    const auto at = [&bytes](std::size_t i) {
        return i < bytes.size() ? static_cast<std::uint8_t>(bytes[i]) : 0U;
    };
    const auto continues = [&at](std::size_t i) { return (at(i) & 0xC0U) == 0x80U; };
    const unsigned first = at(0);
    if (first < 0x80U) return 1;
    if (first >= 0xC2U && first <= 0xDFU) return continues(1) ? 2 : 0;
    if (first >= 0xE0U && first <= 0xEFU) {
        if (first == 0xE0U && at(1) < 0xA0U) return 0;
        if (first == 0xEDU && at(1) > 0x9FU) return 0;
        return continues(1) && continues(2) ? 3 : 0;
    }
    if (first >= 0xF0U && first <= 0xF4U) {
        if (first == 0xF0U && at(1) < 0x90U) return 0;
        if (first == 0xF4U && at(1) > 0x8FU) return 0;
        return continues(1) && continues(2) && continues(3) ? 4 : 0;
    }
    return 0;
}

/// Of the ASCII at the start, or a little less: eight characters at once, for whole transcripts.
std::size_t ascii_length(std::string_view bytes) {
    std::size_t length = 0;
    for (std::uint64_t eight = 0; length + sizeof eight <= bytes.size(); length += sizeof eight) {
        std::memcpy(&eight, bytes.data() + length, sizeof eight);
        if ((eight & 0x8080808080808080U) != 0) break;
    }
    return length;
}

}  // namespace

std::string to_hex(std::string_view bytes) {
    std::string text(bytes.size() * 2, '0');
    auto* to = text.data();
    for (const char c : bytes) {
        const auto byte = static_cast<std::uint8_t>(c);
        *to++ = hex_digits[byte >> 4U];
        *to++ = hex_digits[byte & 15U];
    }
    return text;
}

checked<std::string> from_hex(std::string_view text) {
    if (text.size() % 2 != 0) return reason{"an odd number of hex digits"};
    std::string bytes;
    bytes.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = hex_value(text[i]);
        const int low = hex_value(text[i + 1]);
        if (high < 0 || low < 0) return reason{"not a hex digit at position " + std::to_string(i)};
        bytes += static_cast<char>(high * 16 + low);
    }
    return bytes;
}

std::string to_base64(std::string_view bytes) {
    std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
    const int length =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                        reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(length));
    return text;
}

checked<std::string> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) return reason{"base64 text whose length is no multiple of four"};
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                            c == '+' || c == '/';
        const bool padding = c == '=' && i + 2 >= text.size() && (i + 1 == text.size() || text[i + 1] == '=');
        if (!letter && !padding) return reason{"not a base64 letter at position " + std::to_string(i)};
    }
    std::string bytes(text.size() / 4 * 3 + 1, '\0');
    const int length =
        EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                        reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    if (length < 0) return reason{"not base64"};
    std::size_t size = static_cast<std::size_t>(length);
    for (std::size_t i = text.size(); i > 0 && text[i - 1] == '='; --i) --size;
    bytes.resize(size);
    return bytes;
}

std::string printable(std::string_view bytes, std::size_t limit) {
    std::string text;
    const bool cut = bytes.size() > limit;
    if (cut) bytes = bytes.substr(0, limit);
    while (!bytes.empty()) {
        const auto first = static_cast<std::uint8_t>(bytes.front());
        const std::size_t length = utf8_length(bytes);
        if (length > 1 || (length == 1 && first >= 0x20U && first != 0x7FU)) {
            text += bytes.substr(0, length);
            bytes.remove_prefix(length);
            continue;
        }
        text += "\\x";
        text += hex_digits[first >> 4U];
        text += hex_digits[first & 15U];
        bytes.remove_prefix(1);
    }
    if (cut) text += "…";
    return text;
}

bool is_utf8(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto ascii = ascii_length(bytes);
        bytes.remove_prefix(ascii);
        if (bytes.empty()) break;
        const std::size_t length = utf8_length(bytes);
        if (length == 0) return false;
        bytes.remove_prefix(length);
    }
    return true;
}

}  // namespace fleetline
