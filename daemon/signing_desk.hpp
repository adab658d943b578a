// SPDX-License-Identifier: Apache-2.0
// Signs with the station's key, one text after another on a thread of its own: a signature takes some
// milliseconds, in which the io_context thread goes on. Owned by the app; sign() is called on the io_context
// thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>

#include "ledger/station_key.hpp"

namespace fleetline::daemon {

class signing_desk {
  public:
    explicit signing_desk(ledger::station_key key);
    ~signing_desk();  ///< waits for the signature under way
    signing_desk(const signing_desk&) = delete;
    signing_desk& operator=(const signing_desk&) = delete;

    /// The signature's bytes; throws failure(station-configuration).
    boost::asio::awaitable<std::string> sign(std::string text);

  private:
    struct parts;
    std::unique_ptr<parts> parts_;
};

}  // namespace fleetline::daemon
