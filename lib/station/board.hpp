// SPDX-License-Identifier: Apache-2.0
// What the station asks of a board. Implemented by lib/dialect over a console, and by the tests' scripted
// board. Owned by the slot for the time of one attempt; used on the io_context thread only. Every call either
// does what it says, throws a `failure` (device-…, port-…), or is cancelled. A board that went away throws
// port-gone.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/names.hpp"
#include "core/secret.hpp"

namespace fleetline::station {

/// Who made the private key; recorded, and shown in reports.
enum class key_origin { device, station, cloud };

/// How the station knows that the board holds the credential; recorded. `none` until proved.
enum class proof { none, readback, digest, signature, first_connect };

/// Who is there. `serial` is what the board itself says, if its firmware can tell.
struct board_identity {
    std::optional<serial_number> serial;
    std::string dialect;
    std::string firmware_version;  ///< empty if the firmware cannot tell
};

/// A certificate signing request, checked: self-signature good, subject CN = the name asked for.
struct signing_request {
    std::string pem;
    std::string der;
    std::string public_key;  ///< SubjectPublicKeyInfo, DER
    std::string subject;     ///< as x509::csr has it
};

/// What the board ends up with.
struct credential {
    std::string certificate_pem;
    std::string certificate_der;
    std::string ca_pem;  ///< the endpoint's root CA; empty: the firmware has its own
    thing_name thing;
    std::string endpoint;  ///< MQTT host the board will connect to
    unsigned port = 8883;
    std::string public_key;                                   ///< SubjectPublicKeyInfo, DER
    std::map<std::string, std::string> device_configuration;  ///< as the template returned it
    secret private_key_pem;                                   ///< only if the key was not made by the board
};

class board {
  public:
    board() = default;
    board(const board&) = delete;
    board& operator=(const board&) = delete;
    virtual ~board() = default;

    /// `cloud`: make_csr is never called, and the credential brings the private key.
    virtual key_origin makes_key() const = 0;

    /// Wakes the console up, whatever state it was left in, and finds out who is there.
    virtual boost::asio::awaitable<board_identity> identify() = 0;

    /// New key pair on the board, and a CSR for it whose subject is CN=`common_name`. A certificate that the
    /// board may have held is void from here on.
    virtual boost::asio::awaitable<signing_request> make_csr(std::string common_name) = 0;

    /// The public key (SubjectPublicKeyInfo, DER) that the board holds now, or nullopt if it has none.
    virtual boost::asio::awaitable<std::optional<std::string>> public_key() = 0;

    /// Writes the whole credential, durably. `what` outlives the call.
    virtual boost::asio::awaitable<void> deliver(const credential& what) = 0;

    /// Asks the board to show that it holds exactly `what`; throws device-proof-failed if it does not.
    virtual boost::asio::awaitable<proof> prove(const credential& what) = 0;

    /// Leaves the board as it should leave the fixture: reset, locked, running.
    virtual boost::asio::awaitable<void> finish() = 0;

    /// finish() has told it to restart, and it has not been heard of since: where its USB is its own it goes
    /// away then, and comes back by itself.
    virtual bool restarting() const { return false; }

    /// What went over the wire so far, both directions, with times, secrets masked; bounded.
    virtual std::string transcript() const = 0;
};

}  // namespace fleetline::station
