// SPDX-License-Identifier: Apache-2.0
// The projections' rows that are being worked on, in memory: read from the tables when asked for, changed by
// the events (projection.hpp), and written back together at the end of a transaction. Used by the ledger's
// writer and, with rows compared in place of written, by verify. One thread; heavy, for .cpp files of this
// room.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ledger/book_rows.hpp"
#include "ledger/connection.hpp"
#include "ledger/events.hpp"
#include "ledger/states.hpp"

namespace fleetline::ledger {

/// A table's rows by their number, which are mostly asked for in ascending order: the next one takes no
/// search. (So one that is given might not be found by a search: index_check looks at that.)
class row_walk {
  public:
    row_walk(connection& rows, const char* columns, const char* table);
    /// Nullptr when there is no row of this number. Valid until it is asked for the next one.
    statement* at(std::int64_t number);

  private:
    bool step();

    statement row_;
    std::int64_t here_ = 0;
    bool open_ = false;
};

/// Texts that were added, in memory that does not grow: what was is always known, what was not nearly always.
class seen_texts {
  public:
    /// For about as many as this.
    explicit seen_texts(std::int64_t count);
    void add(std::string_view text);
    bool perhaps(std::string_view text) const;

  private:
    std::array<std::size_t, 3> places_of(std::string_view text) const;

    std::vector<bool> places_;
};

class book {
  public:
    explicit book(connection& rows) : rows_(rows) {}

    /// 0 when no attempt has this id.
    std::int64_t attempt_number(const std::string& id);
    /// To be changed by an event, or nullptr when there is none.
    attempt_state* attempt(std::int64_t number);
    const attempt_state* look_at_attempt(std::int64_t number);
    attempt_state& add_attempt(std::int64_t number, const std::string& id);
    /// Whether another attempt than this one brought the serial to its pass before this event. (It may have
    /// begun later.)
    bool passed_before(const std::string& serial, std::int64_t number, std::int64_t seq);
    /// For verify, which asks the rows only of serials that have passed.
    void note_pass(const std::string& serial) {
        if (passed_) passed_->add(serial);
    }
    /// Whether any attempt was ever at a board with this serial.
    bool serial_known(const std::string& serial);
    /// Whether one of the last attempts, as many as there may be slots, was at a board whose serial holds
    /// this one and more. Of what is written; not for verify.
    bool similar_serial_lately(const std::string& serial);

    /// By its id, or by the event that brought it; nullptr when there is none. Say change() before changing.
    certificate_state* certificate(const std::string& id);
    certificate_state* certificate(std::int64_t number);
    bool has_certificate(const std::string& id);
    /// Newest first. When checking only those that are not final yet.
    std::vector<certificate_state*> certificates_of(const std::string& serial);
    certificate_state& add_certificate(std::int64_t number, const std::string& id, const std::string& serial);
    certificate_state& change(certificate_state& what);

    order_state* order(const std::string& name);
    order_state& add_order(const std::string& name);
    void add_rework(rework_state what);

    /// The token that came with this certificate just now; the event must live until write(). Those that
    /// have expired are dropped then.
    void keep_token(std::int64_t certificate, const issued& with, const std::string& now) {
        kept_tokens_.emplace_back(certificate, &with);
        tokens_kept_at_ = now;
    }
    /// The token of this certificate can no longer be needed.
    void drop_token(std::int64_t certificate) { dropped_tokens_.push_back(certificate); }

    /// For verify, before all events, of which there are about so many.
    void begin_checking(std::int64_t events);
    /// For verify, in place of write(): rows that came after this event are not there yet.
    void set_horizon(std::int64_t seq) { horizon_ = seq; }
    /// For verify, after an attempt's end or an event outside of one: what is held and equals its row is
    /// dropped, the rest is kept until a later event makes it equal. Only what is not final yet stays in
    /// memory.
    void settle(std::int64_t ended_attempt);
    /// For verify, at the end: every row that is not what the events made it, in words, by its number.
    std::map<std::int64_t, std::string> differences();
    std::int64_t attempts_added() const { return attempts_added_; }
    std::int64_t certificates_added() const { return certificates_added_; }
    std::vector<rework_state> take_reworks() { return std::exchange(reworks_, {}); }
    std::vector<order_state> orders() const;

    /// Writes what has changed; the caller commits, then says forget_ended() or, after a rollback, forget().
    /// Open attempts stay in memory, and the certificates that they have got: their next event wants them.
    void write();
    void forget();
    void forget_ended();
    /// Somebody else may have written attempts.
    void forget_recent() { recent_.reset(); }

  private:
    bool checking() const { return horizon_ != std::numeric_limits<std::int64_t>::max(); }

    struct held_attempt {
        attempt_state now;
        std::optional<indexed_columns> saved;  ///< as the table has them; none: not there yet
        bool changed = false;
    };
    struct held_certificate {
        certificate_state now;
        bool saved = false;
        bool changed = false;
    };
    struct held_order {
        order_state now;
        bool changed = false;
    };

    held_attempt* hold_attempt(std::int64_t number);
    /// nullptr when it is past the horizon.
    held_certificate* hold(statement& found);
    certificate_state* look_up(statement& row);
    void save(held_certificate& held);
    statement* attempt_row(std::int64_t number);
    statement* certificate_row(std::int64_t number);
    bool settled(const held_attempt& held);
    bool settled(const held_certificate& held);
    void drop(std::map<std::int64_t, held_certificate>::iterator which);
    void note_recent(const attempt_state& written);

    connection& rows_;
    std::unordered_map<std::int64_t, held_attempt> attempts_;
    std::unordered_map<std::string, std::int64_t> attempt_numbers_;
    std::map<std::int64_t, held_certificate> certificates_;
    std::unordered_map<std::string, std::int64_t> certificate_numbers_;
    std::map<std::string, held_order> orders_;
    std::vector<rework_state> reworks_;
    std::vector<std::pair<std::int64_t, const issued*>> kept_tokens_;
    std::string tokens_kept_at_;
    std::vector<std::int64_t> dropped_tokens_;
    /// The last attempts' numbers, ascending, and serials; none: to be read. (Asked at every board.)
    std::optional<std::deque<std::pair<std::int64_t, std::string>>> recent_;

    std::unordered_multimap<std::string, std::int64_t> certificate_serials_;  ///< of those held
    std::vector<std::int64_t> touched_;                                       ///< certificates, for settle()
    std::vector<std::int64_t> loaded_;                                        ///< attempts, for settle()
    // For verify:
    std::optional<row_walk> attempt_rows_, certificate_rows_;
    std::optional<seen_texts> passed_;  ///< serials
    std::int64_t horizon_ = std::numeric_limits<std::int64_t>::max();
    std::int64_t attempts_added_ = 0;
    std::int64_t certificates_added_ = 0;
};

}  // namespace fleetline::ledger
