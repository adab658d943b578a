// SPDX-License-Identifier: Apache-2.0
// What the station asks of the cloud. Implemented by lib/cloud over the shared MQTT session, and by the
// tests' scripted cloud. Owned by the composition; used on the io_context thread only. Calls throw a
// `failure` (cloud-…) with the cloud's words kept verbatim, or are cancelled. An answer is given to a caller
// only if it proves itself that caller's (invariant I1); whatever else arrives goes to the `issuer_observer`.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "core/failure.hpp"
#include "core/names.hpp"
#include "core/secret.hpp"
#include "core/time.hpp"

namespace fleetline::station {

/// What a request waited for: "sent", "acknowledged" (by the broker), "answered", in milliseconds since it
/// was queued. What did not come is not there. Where it was asked more than once these are of the last time;
/// of those before it are "sent-1", "acknowledged-1", "answered-1", "sent-2" …
using request_times = std::map<std::string, std::int64_t>;

/// A failure that the cloud, or its silence, is the reason of.
class request_failure : public failure {
  public:
    request_failure(failure why, request_times times)  // NOLINT: is only ever moved in
        : failure(std::move(why)), request_ms(std::move(times)) {}
    request_times request_ms;  ///< empty: it was never queued
};

/// How long a request may take from when it is asked to when it is answered, with all that is tried again;
/// 0: as long as the issuer sees fit.
using request_patience = milliseconds;

/// CreateCertificateFromCsr for one board.
struct certificate_request {
    attempt_id attempt;
    slot_name slot;
    serial_number serial;
    std::string csr_pem;  ///< well-formed and signed by its key: the dialect has checked it (x509::parse_csr)
    std::string public_key;  ///< SubjectPublicKeyInfo, DER: the answer's certificate must carry it
    std::string subject;     ///< of the CSR, as x509::csr has it: the answer's certificate must carry it
    request_patience patience{0};
};

/// An answer that passed every check: parses, carries the key, not expired, id is the SHA-256 of its DER.
struct issued_certificate {
    certificate_id id;
    std::string pem;
    std::string der;
    utc_time not_after{};
    secret ownership_token;
    request_times request_ms;
};

/// CreateKeysAndCertificate for one board that cannot make its key.
struct keys_request {
    attempt_id attempt;
    slot_name slot;
    serial_number serial;
    request_patience patience{0};
};

/// Nothing in it says for whom it was made: it serves whichever board waits.
struct issued_keys {
    issued_certificate certificate;
    secret private_key_pem;
    std::string public_key;  ///< SubjectPublicKeyInfo, DER
};

/// RegisterThing for one board.
struct registration_request {
    attempt_id attempt;
    slot_name slot;
    serial_number serial;
    certificate_id certificate;
    secret ownership_token;
    std::string template_name;
    std::map<std::string, std::string> parameters;

    /// How the answer proves itself this board's (whatever is set must hold; I1).
    thing_name expected_thing;  ///< from the product's pattern; empty: the thing name must contain the serial
    std::string
        serial_echo_key;  ///< key of DeviceConfiguration that repeats the serial; empty if there is none
    std::string certificate_echo_key;  ///< the same of the certificate's id
    /// An earlier life of the station may have asked for the same serial's registration with another
    /// certificate, or for that of a serial whose thing has this one in its name: the answer may still come,
    /// or come again, and look like this one's.
    bool registered_otherwise = false;
    request_patience patience{0};
};

struct registration {
    thing_name thing;
    std::map<std::string, std::string> device_configuration;
    request_times request_ms;
};

/// How the shared session is doing, for the page, `status` and `doctor`.
struct issuer_status {
    bool connected = false;
    utc_time since{};
    std::string trouble_code;  ///< failure code of what keeps it away, empty when connected
    std::string trouble;       ///< in plain words
    std::size_t in_flight = 0;
    std::size_t queued = 0;
    utc_time claim_not_after{};  ///< how long the claim lives; the epoch while it is not known
};

/// Told of what no caller could be given. Called on the io_context thread; must not throw.
class issuer_observer {
  public:
    virtual ~issuer_observer() = default;

    /// The cloud handed out a certificate that no board here asked for or still waits for; or, with pem and
    /// id empty, it may have made one for a request that was never answered. `attempt` is set when its public
    /// key shows whose it was (a late or second answer).
    virtual void certificate_unaccounted(std::string certificate_pem, std::string id, attempt_id attempt,
                                         std::string why) = 0;

    /// A registration answer that belongs to no waiting request, or does not fit the one it names. `attempt`
    /// is set when it shows whose it was.
    virtual void registration_unaccounted(std::string thing, attempt_id attempt, std::string why) = 0;

    virtual void status_changed(const issuer_status& status) = 0;
};

class issuer {
  public:
    issuer() = default;
    issuer(const issuer&) = delete;
    issuer& operator=(const issuer&) = delete;
    virtual ~issuer() = default;

    virtual issuer_status status() const = 0;

    /// Resumes when the session is up; waits as long as it takes, or until cancelled.
    virtual boost::asio::awaitable<void> available() = 0;

    /// A timeout throws cloud-no-answer: what became of the request is then unknown.
    virtual boost::asio::awaitable<issued_certificate> create_certificate(certificate_request request) = 0;

    /// As above, for a key pair that the cloud makes.
    virtual boost::asio::awaitable<issued_keys> create_keys(keys_request request) {  // NOLINT: a coroutine's
        throw failure("station-configuration", "Asking the cloud for a key",
                      "serial " + request.serial.text(), "the cloud is not asked for keys here");
    }

    /// Until when a registration must wait, since an answer about another certificate of the same serial may
    /// come that could not be told from its own; the past: it need not. `register_thing` would wait as well,
    /// but nobody could call it off.
    virtual monotonic_time registrable_from(const registration_request& /*request*/) const { return {}; }

    /// cloud-token-refused: the ownership token is not (or no longer) good. cloud-rejected, cloud-denied:
    /// final for this board.
    virtual boost::asio::awaitable<registration> register_thing(registration_request request) = 0;
};

}  // namespace fleetline::station
