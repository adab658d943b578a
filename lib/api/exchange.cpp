// SPDX-License-Identifier: Apache-2.0
#include "api/exchange.hpp"

#include <algorithm>
#include <array>

#include "core/encoding.hpp"

namespace fleetline::api {

namespace {

constexpr std::size_t most_query_values = 32;

std::string_view phrase_of(int status) {
    switch (status) {
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 202:
            return "Accepted";
        case 204:
            return "No Content";
        case 304:
            return "Not Modified";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 413:
            return "Content Too Large";
        case 415:
            return "Unsupported Media Type";
        case 426:
            return "Upgrade Required";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 500:
            return "Internal Server Error";
        case 501:
            return "Not Implemented";
        case 503:
            return "Service Unavailable";
        default:
            return "Unknown";
    }
}

// The page brings everything it needs; nothing else is ever loaded, and nobody may frame it.
constexpr std::string_view page_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; media-src 'self' data:; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";
constexpr std::string_view data_policy = "default-src 'none'; frame-ancestors 'none'";

constexpr std::string_view same_for_all =
    "X-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: DENY\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Permissions-Policy: camera=(), geolocation=(), microphone=()\r\n";

std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+' && plus_is_space) {
            out += ' ';
        } else if (text[i] != '%') {
            out += text[i];
        } else {
            const auto byte = i + 2 < text.size() ? from_hex(text.substr(i + 1, 2)) : reason{"cut short"};
            if (!byte) return std::nullopt;
            out += *byte;
            i += 2;
        }
    }
    const bool clean = std::none_of(out.begin(), out.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7f;
    });
    if (!clean || !is_utf8(out)) return std::nullopt;
    return out;
}

bool parse_query(std::string_view text, text_map& into) {
    while (!text.empty()) {
        const auto end = std::min(text.find('&'), text.size());
        const auto pair = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (pair.empty()) continue;
        const auto equals = std::min(pair.find('='), pair.size());
        auto name = percent_decoded(pair.substr(0, equals), true);
        auto value = percent_decoded(pair.substr(std::min(equals + 1, pair.size())), true);
        if (!name || !value || into.size() == most_query_values) return false;
        if (!into.emplace(std::move(*name), std::move(*value)).second) return false;
    }
    return true;
}

}  // namespace

std::string_view request::parameter(std::string_view name) const {
    const auto found = parameters.find(name);
    return found != parameters.end() ? std::string_view{found->second} : std::string_view{};
}

const std::string* request::asked(std::string_view name) const {
    const auto found = query.find(name);
    return found != query.end() ? &found->second : nullptr;
}

std::string head_text(const response& answer, std::optional<std::size_t> length, bool chunked,
                      bool keep_alive, bool tls) {
    std::string out = "HTTP/1.1 " + std::to_string(answer.status) + ' ';
    out += phrase_of(answer.status);
    out += "\r\nServer: fleetline\r\n";
    if (!answer.content_type.empty()) out += "Content-Type: " + answer.content_type + "\r\n";
    if (length) out += "Content-Length: " + std::to_string(*length) + "\r\n";
    if (chunked) out += "Transfer-Encoding: chunked\r\n";
    out += keep_alive ? "Connection: keep-alive\r\n" : "Connection: close\r\n";
    out += same_for_all;
    if (tls) out += "Strict-Transport-Security: max-age=31536000\r\n";
    out += "Content-Security-Policy: ";
    out += answer.page ? page_policy : data_policy;
    out += "\r\n";
    if (!answer.page) out += "Cache-Control: no-store\r\n";
    for (const auto& [name, value] : answer.headers)
        out.append(name).append(": ").append(value).append("\r\n");
    out += "\r\n";
    return out;
}

std::optional<target> parse_target(std::string_view text) {
    if (text.empty() || text.front() != '/') return std::nullopt;
    const auto mark = std::min(text.find('?'), text.size());
    auto path = percent_decoded(text.substr(0, mark), false);
    if (!path) return std::nullopt;
    target result;
    result.path = std::move(*path);
    if (!parse_query(text.substr(std::min(mark + 1, text.size())), result.query)) return std::nullopt;
    return result;
}

}  // namespace fleetline::api
