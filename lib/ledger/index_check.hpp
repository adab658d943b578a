// SPDX-License-Identifier: Apache-2.0
// Whether the indexes of a ledger have what their tables have, and rows are found by their numbers. SQLite
// believes an index, and the upper pages of a table: where an entry was changed or lost, a board that passed
// is "not known" though its row is there. Of events, which are many, no row is searched for. Reads of tables
// and indexes from end to end, memory that does not grow with them. Heavy, for .cpp files of this room.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/connection.hpp"

namespace fleetline::ledger {

/// Two random numbers, new for each look: nobody can make two sets of entries that seem the same.
struct index_secret {
    index_secret();
    std::uint64_t within, among;
};

/// A set of index entries, each of a row's number and the indexed values, in whatever order they come.
/// Different sets are taken for the same with a chance of about (entries and their length) in 2^61.
class index_entries {
  public:
    explicit index_entries(const index_secret& with) : with_(with) {}

    void begin(std::int64_t row);
    void number(std::int64_t value);
    void text(std::string_view value);
    void null();
    void end();

    bool operator==(const index_entries& other) const { return all_ == other.all_ && count_ == other.count_; }

  private:
    void mix(std::uint64_t value);

    index_secret with_;
    std::uint64_t one_ = 0;  ///< the entry under way
    std::uint64_t all_ = 1;
    std::int64_t count_ = 0;
};

/// What is found in one index.
struct found_in_index {
    index_entries entries;
    bool in_order = true;  ///< if not, nothing is found in it, however right its entries are
};

/// Of all tables, in parts, so that several threads can work on it, each with its connection to the same
/// moment.
class index_check {
  public:
    /// `events`: what event_of_attempt must have, which whoever has read the events knows already.
    index_check(connection& rows, const index_secret& secret, const index_entries& events);

    /// Until no part is left. Throws SQLite::Exception when a page is damaged.
    void work(connection& rows);

    /// What is wrong, an entry each; once all work is done.
    std::vector<std::string> problems(connection& rows) const;

  private:
    struct index {
        std::string name;
        std::vector<std::string> columns;
        std::string condition;  ///< of a partial one
    };
    struct table {
        std::string name;
        std::vector<index> indexes;
        std::vector<index_entries> expected;  ///< of each of them
        std::vector<found_in_index> found;    ///< likewise
        std::vector<std::int64_t> not_found;  ///< rows that a search for their number does not find, some
    };
    /// The table's own rows, or one of its indexes.
    struct part {
        table* of = nullptr;
        std::optional<std::size_t> index;
    };

    static std::vector<index> indexes_of(connection& rows, const std::string& table);
    void read_index(connection& rows, const table& of, const index& which, found_in_index& found) const;
    void read_table(connection& rows, table& of) const;

    std::deque<table> tables_;  ///< with indexes, by name
    std::vector<part> parts_;
    std::atomic<std::size_t> next_ = 0;
};

}  // namespace fleetline::ledger
