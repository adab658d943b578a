// SPDX-License-Identifier: Apache-2.0
// What can happen, as the ledger knows it. Each struct is one kind of event; its members are the event's
// payload, named as in the canonical JSON. Events are never changed; a new member is only ever added as
// optional. Plain values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "core/names.hpp"
#include "core/secret.hpp"
#include "core/time.hpp"

namespace fleetline::ledger {

struct station_started {
    std::string version;
    std::string configuration_sha256;
};

struct station_stopped {
    std::string why;
};

/// A board was plugged into a slot and an attempt began.
struct attempt_started {
    attempt_id attempt;
    slot_name slot;
    std::string port;  ///< udev ID_PATH
    product_name product;
    std::string operator_name = {};  ///< who was signed on; events of older versions do not have it
};

struct identified {
    attempt_id attempt;
    serial_number serial;
    std::string serial_source;  ///< device, usb, scan, range
    std::string dialect;
    std::string firmware_version;
};

/// The order's next serial number, for this attempt's board and no other. Which one it is the ledger says as
/// it writes the event: a number is handed out once, whatever crashes.
struct serial_assigned {
    attempt_id attempt;
    order_name order;
    serial_number serial = {};
};

struct admitted {
    attempt_id attempt;
    serial_number serial;
    order_name order;  ///< empty: no order open
    std::string operator_name;
    std::string template_name;
    bool rework = false;  ///< by an authorised rework of a passed board
};

/// The attempt goes on from what an earlier one left behind (the design's resume table).
struct resumed {
    attempt_id attempt;
    attempt_id from;
    std::string stage;   ///< the last durable step of `from`
    std::string action;  ///< register-again, deliver-recorded, start-over
};

struct csr_made {
    attempt_id attempt;
    std::string csr_sha256;
    std::string public_key_sha256;
    std::string key_origin;  ///< device, station, cloud
};

/// CreateCertificateFromCsr is about to be sent.
struct issue_requested {
    attempt_id attempt;
    std::string public_key_sha256;
};

struct issued {
    attempt_id attempt;
    certificate_id certificate;
    std::string certificate_pem;
    std::string public_key_sha256;
    utc_time not_after{};
    secret
        ownership_token;  ///< kept beside the events, only while it can be needed; the event holds its digest
    utc_time token_expires{};
    std::map<std::string, std::int64_t> request_ms;  ///< sent, acknowledged, answered; since it was queued
};

/// RegisterThing is about to be sent.
struct registration_requested {
    attempt_id attempt;
    certificate_id certificate;
    std::string template_name;
    std::map<std::string, std::string> parameters;
};

struct registered {
    attempt_id attempt;
    certificate_id certificate;
    thing_name thing;
    std::map<std::string, std::string> device_configuration;
    std::map<std::string, std::int64_t> request_ms;  ///< sent, acknowledged, answered; since it was queued
};

/// Delivery is about to begin: the board's state is unknown until `delivered`.
struct delivery_started {
    attempt_id attempt;
    certificate_id certificate;
};

struct delivered {
    attempt_id attempt;
    certificate_id certificate;
};

struct proved {
    attempt_id attempt;
    certificate_id certificate;
    std::string proof;  ///< readback, digest, signature, first-connect
};

struct attempt_finished {
    attempt_id attempt;
    std::string outcome;  ///< passed, failed, refused, abandoned
    std::string failure_code;
    std::string failure_step;  ///< identify, admit, csr, issue, register, deliver, prove, finish
    std::string failure_text;
    std::int64_t duration_ms = 0;
    std::map<std::string, std::int64_t> step_ms;     ///< monotonic duration of each step
    std::map<std::string, std::int64_t> request_ms;  ///< of the request to the cloud that failed, if one did
    /// Of the attempt's transcript as it is kept: the ledger says it as it writes the event.
    std::string transcript_sha256 = {};
};

/// A certificate the cloud handed out that no board holds. `state`: unaccounted (never registered: the cloud
/// drops it), orphaned (registered or perhaps registered, no board has it), superseded (a rework replaced
/// it).
struct certificate_set_aside {
    certificate_id certificate;  ///< empty when an answer was lost and the id is not known
    std::string state;
    std::string why;
    attempt_id attempt;
    std::string certificate_pem;  ///< when it is not recorded yet
    certificate_id replaced_by;
};

/// A registration answer that was credited to nobody: it came too late, is a stranger's, or does not fit. Its
/// attempt may have ended; it is known where the answer shows whose it is.
struct registration_unaccounted {
    attempt_id attempt;
    thing_name thing;
    std::string why;
};

struct rework_authorised {
    serial_number serial;
    std::string reason;
    std::string by;
};

struct order_opened {
    order_name order;
    product_name product;
    std::int64_t quota = 0;  ///< 0: no limit
    std::string by;
    bool allow_list = false;
    std::string first_serial = {}, last_serial = {};  ///< of its range; empty: it has none
};

struct order_serials_imported {
    order_name order;
    std::int64_t count = 0;
    std::string list_sha256;
    std::string by = {};  ///< this and what follows: not in events of older versions
    std::int64_t source_lines = 0;
    std::string source_sha256 = {};
};

struct order_closed {
    order_name order;
    std::string by;
};

struct certificate_revoked {
    certificate_id certificate;
    std::string by;
    std::string note;
};

using event = std::variant<station_started, station_stopped, attempt_started, identified, admitted, resumed,
                           csr_made, issue_requested, issued, registration_requested, registered,
                           delivery_started, delivered, proved, attempt_finished, certificate_set_aside,
                           rework_authorised, order_opened, order_serials_imported, order_closed,
                           certificate_revoked, serial_assigned, registration_unaccounted>;

/// "attempt-started", "issue-requested" … : the struct's name with dashes.
std::string_view kind_of(const event& what);

}  // namespace fleetline::ledger
