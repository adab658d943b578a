// SPDX-License-Identifier: Apache-2.0
// Writes events: chain, projections and tokens of a group in one transaction, one fsync. Knows nothing of
// threads: the ledger calls it from its own. Heavy, for .cpp files of this room.
#pragma once

#include <exception>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ledger/book.hpp"
#include "ledger/chain.hpp"
#include "ledger/connection.hpp"
#include "ledger/ledger.hpp"
#include "ledger/station_key.hpp"

namespace fleetline::ledger {

/// An event that waits to be written, and afterwards what came of it.
struct accepted {
    event what;
    utc_time at{};
    bool clock_synchronised = false;
    std::vector<std::string> serials;  ///< that order_serials_imported brings
    std::string transcript;            ///< of the attempt that attempt_finished ends; made readable
    std::string payload;               ///< of the event; empty: not prepared yet

    receipt done;
    std::exception_ptr error;
};

/// Answers those that came since it was last asked, or none.
using late_events = std::function<std::span<accepted>()>;

/// What of writing an event takes no ledger: its texts are made recordable, its payload encoded. On any
/// thread, so that the writer's need not; what was not prepared it prepares.
void prepare(accepted& next);

class writer {
  public:
    /// Throws failure(station-ledger-…).
    explicit writer(const options& wanted);

    /// Each event comes back with its receipt (durable) or its error (it is not in the ledger). Answers why
    /// the ledger cannot be written, failure(station-ledger-…), or nullptr: an impossible event is its
    /// caller's trouble alone.
    /// Before the commit `more` is asked, as often as it has some, for events that came meanwhile: they are
    /// part of the group. They and the group stay where they are. After a failure it is not asked again; it
    /// must not throw.
    std::exception_ptr write(std::span<accepted> group, const late_events& more = {});

    /// An empty transaction that goes to the disk: works only if the ledger can be written. Throws likewise.
    void probe();

    /// Signs the head and keeps that; the head may have its checkpoint already. Throws failure.
    checkpoint sign_head(utc_time now);
    bool can_sign() const { return !wanted_.key_directory.empty(); }
    /// Makes the station's key at the first start, which takes a moment: when there is time, or when it must
    /// be.
    void open_key();
    /// The last ones, oldest first.
    std::vector<checkpoint> checkpoints(int most);
    std::int64_t events_since_checkpoint() const { return head_seq_ - signed_seq_; }

    /// Drops some of the transcripts of passed attempts stored before this; true while there may be more. A
    /// few at a time: events wait meanwhile.
    bool drop_some_transcripts(utc_time before);

    /// Throws failure(station-ledger-unwritable) when the file is not the one that was opened and cannot be
    /// put back. Costs a stat() each for the file and its log.
    void check_file();

    /// Until end_reading(), or something is written, all that is read is of one moment, and the file is
    /// looked at once. Said again it does nothing. Throws as check_file() does.
    void begin_reading();
    void end_reading() noexcept;

    /// Whether one of the last attempts was at a board whose serial holds this one and more.
    bool similar_serial_lately(const std::string& serial) { return books_.similar_serial_lately(serial); }

    /// What happened to the file since it was last asked, for the log; usually nothing.
    std::string take_notice() { return std::exchange(notice_, {}); }

    connection& rows() { return rows_; }

  private:
    void check_head();
    void note_files();
    void reopen();
    void put_back();
    void copy_to(const std::filesystem::path& copy);
    void read_head();
    using groups = std::vector<std::span<accepted>>;
    std::exception_ptr write(groups all, const late_events& more);
    void write_together(groups& all, const late_events& more);
    void write_one(accepted& next);
    serial_number next_serial(const order_name& order);
    /// Sorted, without those the order has already; puts their count and digest into the event.
    std::vector<std::string> new_serials(order_serials_imported& what, std::vector<std::string> brought);
    void import(std::int64_t seq, const order_name& order, const std::vector<std::string>& serials);
    void keep_transcripts();
    void drop_transcripts_of(const std::vector<std::int64_t>& attempts);
    void roll_back() noexcept;

    options wanted_;
    connection rows_;
    book books_;
    chain_hasher hasher_;
    std::int64_t station_ = 0;
    struct transcript {
        std::int64_t attempt = 0;
        std::string stored_at;
        std::string_view text;
    };
    std::vector<transcript> transcripts_;  ///< of the transaction under way
    bool reading_ = false;
    std::int64_t seen_version_ = 0;  ///< of the file, when attempts were read
    std::optional<station_key> key_;
    std::int64_t signed_seq_ = 0;
    std::pair<std::string, std::int64_t> looked_at_{"0",
                                                    0};  ///< the last transcript that was judged by its age
    std::int64_t head_seq_ = 0;
    sha256_digest head_hash_{};
    /// Which one a name stands for; zeros: none.
    struct file_identity {
        std::uint64_t device = 0;
        std::uint64_t inode = 0;
        bool operator==(const file_identity&) const = default;
    };
    static file_identity identity_of(const std::string& file);
    file_identity file_;
    file_identity log_;
    std::string head_put_back_;    ///< seq and hash: of what is opened again
    bool is_name_lasting_ = true;  ///< of the file that was put back
    std::string notice_;
};

}  // namespace fleetline::ledger
