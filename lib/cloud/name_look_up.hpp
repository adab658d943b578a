// SPDX-License-Identifier: Apache-2.0
// A name looked up on a thread of its own that nobody has to wait for: a name service that does not answer
// holds a look-up for minutes, it cannot be called off, and Asio's resolver would hold the stop of the
// process as long. For .cpp files only (pulls in Asio's endpoints). io_context thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <string>
#include <vector>

namespace fleetline::cloud {

struct looked_up {
    std::vector<boost::asio::ip::tcp::endpoint> endpoints;
    std::string why_not;  ///< empty if there are endpoints
};

/// Cancelled, the look-up goes on by itself and what it finds is dropped.
boost::asio::awaitable<looked_up> look_up_name(std::string host, std::string port);

}  // namespace fleetline::cloud
