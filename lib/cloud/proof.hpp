// SPDX-License-Identifier: Apache-2.0
// Invariant I1: an answer is a board's only if it proves itself that board's. Pure functions, any thread.
#pragma once

#include <string>

#include "cloud/messages.hpp"
#include "core/time.hpp"
#include "station/issuer.hpp"
#include "x509/x509.hpp"

namespace fleetline::cloud {

/// What is wrong with a certificate that carries the request's public key; empty: nothing.
std::string certificate_flaw(const certificate_answer& answer, const x509::certificate& certificate,
                             const std::string& csr_subject, utc_time now);

/// Whether a thing name holds this serial as a number of its own: "board-SN10" does not hold "SN1".
bool holds_serial(const std::string& thing, const std::string& serial);

enum class belonging {
    mine,     ///< everything that can be asked of it holds
    broken,   ///< it names this request, and something else of it does not fit
    foreign,  ///< nothing of it names this request
};

/// How a registration answer stands to a request; `why` says what does not fit.
belonging belongs(const registration_answer& answer, const station::registration_request& request,
                  std::string& why);

}  // namespace fleetline::cloud
