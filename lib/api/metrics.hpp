// SPDX-License-Identifier: Apache-2.0
// Counts and histograms, and their Prometheus text (format 0.0.4). Owned by the server; io_context thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "api/providers.hpp"
#include "core/time.hpp"
#include "station/status.hpp"

namespace fleetline::api {

class histogram {
  public:
    void add(milliseconds duration);
    /// `labels`: "step=\"csr\"" or nothing.
    void print(std::string& to, const std::string& name, const std::string& labels) const;

  private:
    static constexpr std::array<std::int64_t, 14> bounds_ms{1,   2,   5,    10,   25,   50,     100,
                                                            250, 500, 1000, 2500, 5000, 10'000, 30'000};
    std::array<std::int64_t, bounds_ms.size() + 1> counts_{};
    std::int64_t sum_ms_ = 0;
};

/// What the server itself counts at the moment.
struct traffic {
    std::size_t connections = 0;
    std::size_t live = 0;
    std::int64_t live_dropped = 0;
    std::size_t live_waiting = 0;  ///< messages, of all pages
    std::size_t live_behind = 0;   ///< messages, of the page that is furthest behind
    std::size_t questions = 0;     ///< that wait for an answer from the ledger
    std::int64_t connections_refused = 0;
};

class metrics {
  public:
    void step_took(station::step which, milliseconds duration) { steps_[which].add(duration); }
    void commit_took(milliseconds duration, std::int64_t events);
    void answered(int status) { ++answers_[status]; }

    std::string text(const station::station_status& status, const traffic& now,
                     const cloud_counters* cloud, const ledger_backlog* ledger) const;

  private:
    std::map<station::step, histogram> steps_;
    histogram commits_;
    std::int64_t events_ = 0;
    std::map<int, std::int64_t> answers_;
};

}  // namespace fleetline::api
