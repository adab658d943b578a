// SPDX-License-Identifier: Apache-2.0
// What an event makes of the projections. The same code writes them (ledger) and checks them (verify).
// Depends on nothing but the event and the book: no clock, no chance.
#pragma once

#include <stdexcept>
#include <string>

#include "ledger/book.hpp"
#include "ledger/events.hpp"

namespace fleetline::ledger {

/// Where an event stands in the chain.
struct place {
    std::int64_t seq = 0;
    std::int64_t attempt = 0;  ///< number of its attempt, 0: none
    std::int64_t station = 0;
    std::string recorded_at;
    bool clock_synchronised = false;
};

/// The event cannot have happened after those before it (an attempt that never began, a second outcome).
class impossible_event : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// Not asked when checking what is written: an answer may come twice, and the second time to a station that
/// has started since and knows nothing of the first. Its certificate is in the books, and perhaps in use:
/// throws impossible_event.
void refuse_second_answer(const event& what, book& books);

/// Throws impossible_event.
void apply(const place& at, const event& what, book& books);

}  // namespace fleetline::ledger
