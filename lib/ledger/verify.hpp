// SPDX-License-Identifier: Apache-2.0
// Recomputes the chain and the projections of a whole ledger in one pass over its events, in memory that does
// not grow with it. Works on a snapshot, also while the daemon writes. The events are read on the caller's
// thread and applied on another one (event_pipe), each with a connection of its own to the same snapshot.
// Heavy, for .cpp files of this room.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ledger/book.hpp"
#include "ledger/chain.hpp"
#include "ledger/checkpoint.hpp"
#include "ledger/connection.hpp"
#include "ledger/event_pipe.hpp"
#include "ledger/index_check.hpp"
#include "ledger/projection.hpp"
#include "ledger/reader.hpp"

namespace fleetline::ledger {

class verifier {
  public:
    /// `beside`: another connection to the same file; or the same one, and all happens on the caller's
    /// thread: sooner done for a small ledger. `outside`: checkpoints that were kept elsewhere.
    verifier(connection& rows, connection& beside, std::vector<checkpoint> outside)
        : rows_(rows), beside_(beside), outside_(std::move(outside)), books_(beside) {}

    /// Problems in the order chain, indexes, projections, schema: what is wrong in the chain makes the rest
    /// doubtful.
    verification run();

  private:
    void run_guarded();
    void begin();
    std::int64_t events_about();
    void read_stations();
    void check_events();
    void check_tables(bool indexes);
    void check_event(statement& row, event_pipe& events);
    void check_link(std::int64_t seq, std::string_view previous_hash);
    void check_head();

    /// On either thread, each with its hasher.
    bool hash_holds(const read_event& what, chain_hasher& with) const;

    // On the thread that applies events, until they are all applied.
    void apply_event(const read_event& one);
    void check_reworks();
    void check_transcript(std::int64_t seq, std::int64_t attempt, const attempt_finished& ended);

    // verify_tables.cpp
    void check_projections();
    void check_count(const char* table, std::int64_t expected, const char* kinds);
    void check_orders();
    void check_imports();
    void check_tokens();
    void check_overtaken();
    void check_checkpoints();
    void check_signers();
    bool is_of_this_ledger(const checkpoint& one);
    std::string not_signed(const checkpoint& one);
    void check_checkpoint(const checkpoint& one, const std::string& name, const std::string& if_not_signed);
    std::vector<std::string> schema_problems();
    void check_stray_transcripts();

    /// By event, then by rank.
    using event_problems = std::map<std::pair<std::int64_t, int>, std::string>;
    static void note(event_problems& among, std::int64_t seq, int rank, std::string what);
    void wrong(std::string what);
    void report_events();

    connection& rows_;
    connection& beside_;
    std::vector<checkpoint> outside_;

    // Of the thread that applies events, until they are all applied.
    chain_hasher other_hasher_;
    book books_;
    place place_;
    event_problems wrongly_applied_;
    std::vector<std::string> wrong_rows_;  ///< found on the way, told behind the chain's
    std::vector<std::int64_t> imports_;
    std::int64_t reworks_ = 0;

    bool digests_begun_ = false;  ///< of transcripts: events of older versions have none

    chain_hasher hasher_;
    event_problems wrongly_chained_;
    index_secret secret_;
    index_entries events_by_attempt_{secret_};
    std::map<std::int64_t, std::string> stations_;
    verification found_;
    std::int64_t last_seq_ = 0;  ///< of the event read last
    sha256_digest last_hash_{};
};

}  // namespace fleetline::ledger
