// SPDX-License-Identifier: Apache-2.0
// An HTTP proxy as the configuration names it: http://[user:password@]host[:port]. Pure functions, any
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/failure.hpp"

namespace fleetline {

struct proxy_address {
    std::string host;  ///< an IPv6 address without its brackets
    std::uint16_t port = 80;
    std::string credentials;  ///< "user:password", decoded; empty if there are none

    /// user:password@host:port, without scheme, with everything in user and password that is not a letter, a
    /// digit or one of "-._~:" as %XX.
    std::string text() const;
};

/// The reason holds nothing of the URL: a password may be in it.
checked<proxy_address> parse_proxy(std::string_view url);

}  // namespace fleetline
