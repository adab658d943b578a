// SPDX-License-Identifier: Apache-2.0
// Who asks, and what that lets them do. Plain values, any thread.
//
// The rule. On the Unix socket the kernel says who the peer is (SO_PEERCRED, SO_PEERGROUPS): root, the
// service's own user and members of the socket's group are engineers; anybody else who was let in (by an ACL
// on the socket) is an operator. On TCP a bearer token says it; without one a peer on loopback is an operator
// (the page on the station itself), and a peer from elsewhere is nobody. A token that is given counts
// everywhere, in place of the rest; a wrong one is refused.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fleetline::api {

enum class role : std::uint8_t { operator_role = 1, engineer = 2, auditor = 4 };

std::string_view to_text(role which);  ///< operator, engineer, auditor
std::optional<role> role_from(std::string_view text);

/// A set of roles. Operators act and see the line, auditors read everything and change nothing, engineers do
/// both.
struct role_set {
    std::uint8_t bits = 0;
    bool anybody = false;  ///< also those who are nobody

    constexpr bool has(role which) const { return (bits & static_cast<std::uint8_t>(which)) != 0; }
};

constexpr role_set everyone{7, false};
constexpr role_set acting{1 | 2, false};
constexpr role_set reading{2 | 4, false};
constexpr role_set engineers{2, false};
constexpr role_set public_to_all{7, true};

struct caller {
    caller(role as, std::string called) : is(as), name(std::move(called)) {}

    role is;
    std::string name;          ///< recorded with what they do: a user name, a token's name
    std::string token_sha256;  ///< of the token they showed; empty: none
};

}  // namespace fleetline::api
