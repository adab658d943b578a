// SPDX-License-Identifier: Apache-2.0
// Effects that somebody outside has seen, each with the event that must have been durable before it
// (invariant I3). Looked up in the ledger at the end, and after some deaths of the station.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "ledger/reader.hpp"
#include "story.hpp"

namespace fleetline::simulation {

class witness {
  public:
    witness(const agenda& time, story& told) : time_(time), story_(told) {}

    void saw(std::string what, const std::string& attempt, std::string kind) {
        seen_.push_back({std::move(what), attempt, std::move(kind), to_rfc3339(time_.utc_now())});
    }
    /// As many certificates of this serial may be in nobody's books.
    void forgive(const std::string& serial, std::int64_t certificates) { forgiven_[serial] += certificates; }
    const std::map<std::string, std::int64_t>& forgiven() const { return forgiven_; }
    /// The station died before the ledger had its turn to write down that this certificate has come.
    void died_before_writing(const std::string& certificate) { unwritten_.insert(certificate); }
    const std::set<std::string>& unwritten() const { return unwritten_; }

    /// With the ledger that the dead left behind.
    void compare(const ledger::reader& book) const;

  private:
    struct effect {
        std::string what, attempt, kind, at;
    };
    const agenda& time_;
    story& story_;
    std::vector<effect> seen_;
    std::map<std::string, std::int64_t> forgiven_;
    std::set<std::string> unwritten_;
};

}  // namespace fleetline::simulation
