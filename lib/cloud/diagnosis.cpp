// SPDX-License-Identifier: Apache-2.0
#include "cloud/diagnosis.hpp"

namespace fleetline::cloud {

boost::asio::awaitable<trouble> diagnose(const session_settings& settings, time_source&, int reason,
                                         std::string said) {
    trouble found;
    found.code = reason > 0 ? "cloud-claim-refused" : "cloud-unreachable";
    found.text = "Connecting to " + settings.endpoint + " failed: " + said;
    co_return found;
}

}  // namespace fleetline::cloud
