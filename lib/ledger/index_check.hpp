// SPDX-License-Identifier: Apache-2.0
// Whether the indexes of a ledger have what their tables have. SQLite believes an index: where an entry was
// changed or lost, a board that passed is "not known" though its row is there. Sequential reads of tables and
// indexes, memory that does not grow with them. Heavy, for .cpp files of this room; one thread.
#pragma once

#include <cstdint>
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

/// What is wrong, an entry each, at most some. `events`: what event_of_attempt must have, which whoever has
/// read the events knows already. Throws SQLite::Exception when a page is damaged.
std::vector<std::string> index_problems(connection& rows, const index_secret& secret,
                                        const index_entries& events);

}  // namespace fleetline::ledger
