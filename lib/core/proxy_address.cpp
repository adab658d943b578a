// SPDX-License-Identifier: Apache-2.0
#include "core/proxy_address.hpp"

#include <charconv>

#include "core/encoding.hpp"

namespace fleetline {

namespace {

bool stays(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-._~:").find(c) != std::string_view::npos;
}

checked<std::string> without_escapes(std::string_view text) {
    std::string plain;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '%') {
            plain += text[at];
            continue;
        }
        const auto byte = from_hex(text.substr(at + 1, 2));
        if (!byte || byte->size() != 1) return reason{"in its user or password a '%' is written %25"};
        plain += *byte;
        at += 2;
    }
    return plain;
}

bool take_port(std::string_view text, std::uint16_t& port) {
    const auto read = std::from_chars(text.data(), text.data() + text.size(), port);
    return read.ec == std::errc{} && read.ptr == text.data() + text.size() && port != 0;
}

}  // namespace

std::string proxy_address::text() const {
    std::string all;
    for (const char c : credentials) {
        if (stays(c))
            all += c;
        else
            all += "%" + to_hex({&c, 1});
    }
    if (!all.empty()) all += '@';
    const bool ipv6 = host.find(':') != std::string::npos;
    return all + (ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

checked<proxy_address> parse_proxy(std::string_view url) {
    constexpr std::string_view http = "http://";
    if (url.starts_with(http))
        url.remove_prefix(http.size());
    else if (url.find("://") != std::string_view::npos)
        return reason{"it must begin with http://"};
    proxy_address proxy;
    if (const auto user_end = url.rfind('@'); user_end != std::string_view::npos) {
        auto credentials = without_escapes(url.substr(0, user_end));
        if (!credentials) return reason{credentials.why_not()};
        proxy.credentials = std::move(*credentials);
        url.remove_prefix(user_end + 1);
    }
    while (url.ends_with('/')) url.remove_suffix(1);
    const auto host_end = url.starts_with('[') ? url.find(']') : url.find(':');
    if (host_end != std::string_view::npos) {
        const bool ipv6 = url.starts_with('[');
        auto rest = url.substr(host_end + (ipv6 ? 1 : 0));
        url = ipv6 ? url.substr(1, host_end - 1) : url.substr(0, host_end);
        const bool good = rest.empty() || (rest.starts_with(':') && take_port(rest.substr(1), proxy.port));
        if (!good) return reason{"its port is no number from 1 to 65535"};
    }
    if (url.empty() || url.find_first_of("/[]? ") != std::string_view::npos)
        return reason{"it has no host name"};
    proxy.host = url;
    return proxy;
}

}  // namespace fleetline
