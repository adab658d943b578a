// SPDX-License-Identifier: Apache-2.0
// Does the provisioning template repeat the board's serial number and the certificate's id, as [[product]]
// serial_echo and certificate_echo say? For the doctor's .cpp files only. One thread; changes nothing, here or
// at AWS.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "cli/doctor.hpp"
#include "core/time_source.hpp"

namespace fleetline::cli {

/// Asks AWS (`aws iot describe-provisioning-template`, which only reads) for each product's template, where
/// this user holds the right; else looks at the last board of this ledger that was registered with it. The
/// claim itself has no request that shows a template. Takes 10 s at most.
boost::asio::awaitable<void> check_templates(surroundings& here, time_source& time, findings& into);

}  // namespace fleetline::cli
