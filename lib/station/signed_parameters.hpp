// SPDX-License-Identifier: Apache-2.0
// What the station puts its name to when it registers a board: parameters by which the cloud's hook knows
// that this very station asks for this very certificate (config/aws/hook.py checks them). Never a token or a
// private key. Pure, but for the signing, which is handed in.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <map>
#include <string>

#include "core/names.hpp"
#include "core/time.hpp"
#include "station/settings.hpp"

namespace fleetline::station {

struct registration_statement {
    certificate_id certificate;
    serial_number serial;
    order_name order;  ///< empty: none
    std::string station;
    utc_time when{};
};

/// The text that is signed: a headline and five lines, each ended by a line feed, in UTF-8.
std::string text_of(const registration_statement& what);

/// StationId, StationOrder, StationTime, and StationSignature in base64. Throws what `sign` throws.
boost::asio::awaitable<std::map<std::string, std::string>> signed_parameters(signer sign,
                                                                             registration_statement what);

}  // namespace fleetline::station
