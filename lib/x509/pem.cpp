// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/encoding.hpp"
#include "x509/x509.hpp"

namespace fleetline::x509 {

namespace {

constexpr std::size_t largest_pem = 64UL * 1024;  ///< far above any certificate; keeps bad input cheap

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

}  // namespace

std::string to_pem(std::string_view label, std::string_view der) {
    const std::string body = to_base64(der);
    std::string pem = "-----BEGIN " + std::string(label) + "-----\n";
    for (std::size_t at = 0; at < body.size(); at += 64) pem.append(body, at, 64).append("\n");
    return pem + "-----END " + std::string(label) + "-----\n";
}

checked<std::string> from_pem(std::string_view label, std::string_view pem) {
    const std::string begin = "-----BEGIN " + std::string(label) + "-----";
    const std::string end = "-----END " + std::string(label) + "-----";
    if (pem.size() > largest_pem) return reason{"a PEM text of more than 64 KiB"};
    const std::size_t from = pem.find(begin);
    if (from == std::string_view::npos) return reason{"no '" + begin + "' line"};
    const std::size_t until = pem.find(end, from);
    if (until == std::string_view::npos) return reason{"no '" + end + "' line"};
    std::string body(pem.substr(from + begin.size(), until - from - begin.size()));
    body.erase(std::remove_if(body.begin(), body.end(), is_blank), body.end());
    if (body.empty()) return reason{"nothing between the BEGIN and END lines"};
    return from_base64(body);
}

}  // namespace fleetline::x509
