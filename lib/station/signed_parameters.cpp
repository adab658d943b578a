// SPDX-License-Identifier: Apache-2.0
#include "station/signed_parameters.hpp"

#include <utility>

#include "core/encoding.hpp"

namespace fleetline::station {

std::string text_of(const registration_statement& what) {
    return "fleetline registration 1\ncertificate: " + what.certificate.text() +
           "\nserial: " + what.serial.text() + "\norder: " + what.order.text() +
           "\nstation: " + what.station + "\ntime: " + to_rfc3339(what.when) + "\n";
}

boost::asio::awaitable<std::map<std::string, std::string>> signed_parameters(signer sign,
                                                                             registration_statement what) {
    std::string text = text_of(what);
    const std::string signature = co_await sign(std::move(text));
    std::map<std::string, std::string> parameters;
    parameters["StationId"] = what.station;
    parameters["StationOrder"] = what.order.text();
    parameters["StationTime"] = to_rfc3339(what.when);
    parameters["StationSignature"] = to_base64(signature);
    co_return parameters;
}

}  // namespace fleetline::station
