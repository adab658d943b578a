// SPDX-License-Identifier: Apache-2.0
// The station's record: an append-only chain of events in one SQLite file, with projections (attempts,
// devices, certificates, orders) written in the same transaction. One writer thread of its own; callers are
// on the io_context thread and resume there when their event is durable (fsynced). Owned by the daemon's
// composition, one per file.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/logger.hpp"
#include "core/time_source.hpp"
#include "ledger/checkpoint.hpp"
#include "ledger/events.hpp"

namespace fleetline::ledger {

/// Where an event ended up.
struct receipt {
    std::int64_t seq = 0;
    std::string hash;           ///< of the event, 64 hex digits: the chain's head at that moment
    serial_number serial = {};  ///< that a serial_assigned handed out
};

/// How far a serial's last attempt got: the design's resume table in one value.
enum class stage {
    none,
    identified,
    csr_made,
    issue_requested,
    issued,
    registration_requested,
    registered,
    delivery_started,
    delivered,
    proved,
    passed
};

/// What the ledger remembers of a serial that is plugged again. Only members up to `reached` are filled.
struct device_record {
    serial_number serial;
    stage reached = stage::none;
    attempt_id attempt;         ///< the last attempt
    bool attempt_open = false;  ///< it has no outcome yet
    slot_name slot;
    std::string outcome;         ///< of the last attempt that ended
    utc_time finished_at{};      ///< of that
    certificate_id certificate;  ///< of the credential under way, or current
    std::string certificate_pem;
    std::string public_key_sha256;
    std::string key_origin;
    secret ownership_token;  ///< empty when it can no longer be needed
    utc_time token_expires{};
    std::string template_name;
    thing_name thing;
    std::map<std::string, std::string> device_configuration;
    /// Certificates of the last day that it was registered with, or was to be, no answer being known.
    std::vector<certificate_id> registrations;
    /// Another serial number with this one in it was at work among the last attempts.
    bool similar_serial_lately = false;
    certificate_id current_certificate;  ///< of the last passed attempt; a rework replaces it
    bool rework_authorised = false;      ///< and not used up yet
    std::int64_t failures = 0;           ///< failed attempts since the last pass or authorised rework
};

struct order_record {
    order_name order;
    product_name product;
    std::int64_t quota = 0;
    std::int64_t passed = 0;
    bool allow_list = false;
    bool open = false;
    bool has_range = false;                              ///< of serial numbers, which it hands out
    std::string first_serial, last_serial, next_serial;  ///< of that; next: empty when none is left
};

/// Where an order's list of serial numbers came from, for its event.
struct list_source {
    std::string by;
    std::int64_t lines = 0;  ///< of the list as it was sent
    std::string sha256;      ///< of that, hex
};

struct options {
    std::filesystem::path file;
    std::string station;
    bool create = true;                      ///< make the file when it is not there
    std::size_t commit_limit = 512;          ///< most events, and questions asked with them, in one turn
    std::filesystem::path key_directory;     ///< of the station's key; empty: no checkpoints
    std::filesystem::path checkpoint_file;   ///< they are appended here too, on a share for one; empty: not
    std::int64_t checkpoint_every = 10'000;  ///< events; also every hour, and at a clean end
    std::int64_t transcript_days = 0;        ///< those of passed attempts are dropped after this; 0: kept
    bool threaded = true;                    ///< false: everything in the caller's turn, for virtual time
    /// Not threaded: has the writer's turns run later, after at least so long, so that writing takes virtual
    /// time as the thread's takes real time. Runs each on the caller's thread and drops it when the ledger is
    /// gone. Empty: a turn is over before its caller goes on.
    std::function<void(milliseconds, std::function<void()>)> schedule;
    /// Scheduled: how many of those that wait are taken at once, at least one; the others come while these are
    /// being written, as they come to a thread. Empty: all.
    std::function<std::size_t()> taken_at_once;
    /// Called now and then while a ledger of an older version is brought up to date, which may take minutes.
    std::function<void()> at_work;
    bool durable = true;  ///< false: no fsync, for simulations
    std::string vfs;      ///< SQLite VFS by name, for storage-fault tests; empty: the usual one
};

/// A serial of an attempt that had no outcome when the ledger was opened (crash, power cut).
struct open_attempt {
    attempt_id attempt;
    slot_name slot;
    serial_number serial;
    utc_time started_at{};
};

/// An attempt that passed, and what its board has held since.
struct passed_record {
    slot_name slot;
    product_name product;
    serial_number serial;
    thing_name thing;
    certificate_id certificate;
    utc_time finished_at{};
    std::optional<milliseconds> duration;
};

/// What waits for the ledger's thread.
struct backlog {
    std::size_t queued = 0;  ///< events and questions, those in hand too
    std::size_t kept = 0;    ///< events that could not be written so far
};

/// Makes the file, empty, when it is not there and may be made: whoever makes the station's key calls it
/// before. Where a key is already, the station has worked before, and its ledger is lost: throws
/// failure(station-ledger-missing). An empty file that somebody made there is a wish to begin anew.
void make_if_new(const options& wanted);

class ledger {
  public:
    /// Opens (or creates), migrates and checks the head of the chain. Throws failure(station-ledger-…).
    ledger(options wanted, boost::asio::any_io_executor executor, time_source& time, const logger& log);
    ~ledger();  ///< writes out what was accepted, then closes
    ledger(const ledger&) = delete;
    ledger& operator=(const ledger&) = delete;

    /// Resumes when the event is durable. Events appended one after the other by one caller stay in that
    /// order. Not cancelled half-way: a cancelled caller gets the exception, the event is written all the
    /// same. Throws failure(station-ledger-unwritable) when the disk is full or the file is gone.
    boost::asio::awaitable<receipt> append(event what);

    /// As append, without waiting: for what must be recorded when nobody can wait (an attempt left by an
    /// exception), and for events that a following append makes durable with it. While the ledger cannot be
    /// written these are kept in memory, in their order, and written first when it can.
    void append_later(event what);

    /// Puts serials on an order's allow-list together with the event that says so, which is made here: those
    /// that are on it already are left out of its count and digest.
    boost::asio::awaitable<receipt> import_serials(order_name order,
                                                   const std::vector<serial_number>& serials,
                                                   list_source from = {});

    /// Resumes when everything accepted so far is durable.
    boost::asio::awaitable<void> flush();

    boost::asio::awaitable<device_record> device(serial_number serial);
    boost::asio::awaitable<std::optional<order_record>> open_order(product_name product);
    boost::asio::awaitable<bool> serial_allowed(order_name order, serial_number serial);
    /// The serial number that an order handed out to the board that has this key; empty: none did.
    boost::asio::awaitable<serial_number> serial_of_key(product_name product, std::string public_key_sha256);
    boost::asio::awaitable<std::vector<open_attempt>> open_attempts();
    /// Nullopt unless it passed and no later attempt has worked on its board.
    boost::asio::awaitable<std::optional<passed_record>> passed_attempt(attempt_id attempt);

    /// The bounded transcript of an attempt that has not ended yet: it is written together with the event
    /// that ends it, which has its digest. Dropped when retention says so.
    void store_transcript(const attempt_id& attempt, std::string text);

    /// Signs the chain's head now: for an export. Throws failure(station-configuration) when there is no key.
    boost::asio::awaitable<checkpoint> make_checkpoint();

    /// Drops transcripts of passed attempts stored before this. (options.transcript_days does it by itself.)
    boost::asio::awaitable<bool> drop_transcripts(utc_time before);

    /// Called on the executor's thread after each transaction of events: how long it took, how many there
    /// were.
    void on_commit(std::function<void(milliseconds, std::int64_t)> callback);

    /// False after a write failed and until one works again, with why.
    bool writable() const;
    std::string trouble() const;

    backlog waiting() const;

  private:
    class impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace fleetline::ledger
