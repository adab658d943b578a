// SPDX-License-Identifier: Apache-2.0
// Read-only look at a ledger file: for the CLI, reports and statistics, also while the daemon writes or is
// stopped. A connection of its own; one thread at a time. Throws failure(station-ledger-…) when the file
// cannot be read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/names.hpp"
#include "core/time.hpp"
#include "ledger/checkpoint.hpp"

namespace fleetline::ledger {

/// One attempt as the report tells it: design section 6, "Report columns", in that order. Empty text: not
/// known.
struct attempt_row {
    std::string attempt_id, station, slot, serial, serial_source, product, order, operator_name, dialect,
        firmware_version;
    std::string started_at, finished_at;
    std::optional<std::int64_t> duration_ms;
    std::string outcome, failure_code, failure_step;
    std::string thing_name, certificate_id, certificate_sha256, certificate_not_after, public_key_sha256,
        key_origin, proof;
    std::string replaces_certificate_id, template_name;
    std::optional<bool> clock_synchronised;
    std::int64_t event_seq = 0;  ///< of the attempt's last event
    std::string event_hash;
    std::string failure_text;  ///< not a report column
    std::string step_ms;       ///< not a report column; steps_of() reads it
};

/// How long each of its steps took, in ms.
std::map<std::string, std::int64_t> steps_of(const attempt_row& row);

struct device_row {
    std::string serial, thing_name, certificate_id, product, order, station, slot, stage, outcome, attempt_id,
        updated_at;
    std::int64_t attempts = 0;
};

struct certificate_row {
    std::string certificate_id, state, serial, thing_name, attempt_id, issued_at, not_after, why, replaced_by,
        pem;
    std::string revoked_at, revoked_by, revoked_note;
};

/// Which certificates a list shows: all of them, or those that no board can be said to hold.
struct certificate_filter {
    bool to_revoke = false;  ///< orphaned and superseded ones alone
    /// With these too: of boards that have not passed and were last in a slot before this. The cloud may
    /// know them as active; neither those of a board that passed nor of one that is in a slot.
    std::optional<utc_time> stale_before;
};

struct order_row {
    std::string order, product, opened_at, opened_by, closed_at, closed_by;
    std::string first_serial, last_serial, last_assigned;  ///< of its range, if it has one
    std::string next_serial;                               ///< of an open one's; empty: none is left
    std::int64_t quota = 0, passed = 0, listed = 0;        ///< listed: serials on its allow-list
    bool allow_list = false;
};

struct event_row {
    std::int64_t seq = 0;
    std::string recorded_at, kind, attempt_id, payload_json, hash;
    bool clock_synchronised = false;
};

struct filter {
    std::optional<utc_time> since, until;  ///< of an attempt's start; until is exclusive
    std::string product, order, outcome, serial, slot, attempt;
    std::string operator_name, failure_code;
    /// Part of a serial number or of a thing name, whatever the case of its ASCII letters: found in the
    /// newest hundred thousand attempts that have it.
    std::string part;
    std::int64_t limit = -1;  ///< -1: all
    bool newest_first = true;
    /// Attempts without what stands in other tables: certificate_id and what follows from it, event_hash.
    /// Takes half the time.
    bool brief = false;
};

/// What `fleetline audit verify` found. `problems` is empty when the ledger holds; the first one is the first
/// wrong row.
struct verification {
    std::int64_t events = 0;
    std::string head_hash;
    std::vector<std::string> problems;
    bool checkpoints_checked = false;    ///< a file that is too damaged is not read so far; else:
    std::int64_t signed_heads = 0;       ///< in the ledger itself
    std::int64_t last_signed = 0;        ///< the event of the last of them
    std::int64_t of_other_stations = 0;  ///< of those kept elsewhere: they say nothing about this ledger
};

/// A small ledger is verified on the caller's thread, a large one on two more.
enum class verify_on { as_fits, one_thread, two_threads };

/// The last event.
struct chain_head {
    std::int64_t seq = 0;
    std::string hash;  ///< 64 hex digits
};

class reader {
  public:
    /// `vfs`: SQLite VFS by name, for storage-fault tests.
    explicit reader(const std::filesystem::path& file, const std::string& vfs = {});
    ~reader();
    reader(const reader&) = delete;
    reader& operator=(const reader&) = delete;

    /// Calls `each` for every row, in order, without holding them all; stops when it answers false.
    void attempts(const filter& wanted, const std::function<bool(const attempt_row&)>& each) const;
    void devices(const filter& wanted, const std::function<bool(const device_row&)>& each) const;
    /// Newest first. `why` of a stale one says when its board was last here.
    void certificates(const certificate_filter& wanted,
                      const std::function<bool(const certificate_row&)>& each) const;

    /// Newest first.
    void orders(const std::function<bool(const order_row&)>& each) const;

    /// By serial number, thing name or certificate id (a prefix of 8 digits or more will do): the serials
    /// that match.
    std::vector<std::string> find(std::string_view key) const;
    std::optional<device_row> device(std::string_view serial) const;

    /// The id of the serial's first attempt ever that was not refused; empty when there is none.
    std::string first_attempt_of(std::string_view serial) const;
    std::vector<certificate_row> certificates_of(std::string_view serial) const;
    std::vector<event_row> events_of(std::string_view attempt_id) const;
    std::string transcript(std::string_view attempt_id) const;

    std::string station() const;
    std::int64_t schema_version() const;
    chain_head head() const;

    /// From now on every answer is of this one moment, whatever is written meanwhile.
    void hold_still() const;

    /// Ends that; never throws.
    void move_on() const noexcept;

    /// `over` is asked again and again while a question runs, on its thread: once it says yes, the question
    /// throws failure(station-ledger-unreadable). Empty: questions run to their end.
    void break_off_when(std::function<bool()> over) const;

    /// Whether this certificate (SHA-256 of its DER, hex) has signed heads of this ledger.
    bool knows_signer(std::string_view certificate_sha256) const;

    /// `outside`: checkpoints that were kept elsewhere. The ledger must still hold the events of its own
    /// station's; those of others are counted.
    verification verify(std::vector<checkpoint> outside = {}, verify_on threads = verify_on::as_fits) const;

  private:
    class impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace fleetline::ledger
