// SPDX-License-Identifier: Apache-2.0
// The live feed without its sockets: numbered changes of the snapshot, kept for a while, and a bounded queue
// for each page that listens. A page that comes back with its last number gets what it missed, or a new
// snapshot. Owned by the server; io_context thread. Not included outside lib/api.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "api/settings.hpp"
#include "station/status.hpp"

namespace fleetline::api {

class live_feed {
  public:
    using message = std::shared_ptr<const std::string>;

    /// One page. Dropped (`too_slow`) instead of waited for when its queue is full.
    class subscription {
      public:
        subscription(live_feed& feed, std::function<void()> wake);
        ~subscription();
        subscription(const subscription&) = delete;
        subscription& operator=(const subscription&) = delete;

        message next();  ///< null when there is none at the moment
        bool too_slow() const { return too_slow_; }

      private:
        friend class live_feed;
        void push(message what);

        live_feed& feed_;
        std::function<void()> wake_;
        std::deque<message> waiting_;
        bool too_slow_ = false;
    };

    /// `epoch` marks this run of the daemon: numbers of another run mean nothing here.
    live_feed(limits limit, std::string epoch);

    /// Compares with what was published last; nothing changed: nothing is sent.
    void publish(station::station_status now);

    /// `resume`: "EPOCH-NUMBER" of the last message the page saw; anything else: it gets a snapshot. The
    /// first subscription of a while must be preceded by publish().
    void start(subscription& page, std::string_view resume);

    struct queues {
        std::size_t all = 0;      ///< messages that wait for pages to take them
        std::size_t longest = 0;  ///< of the page that is furthest behind
    };
    queues backlog() const;

    std::size_t pages() const { return pages_.size(); }
    std::int64_t dropped() const { return dropped_; }
    std::uint64_t number() const { return number_; }

  private:
    struct kept {
        std::uint64_t number;
        message text;
    };

    message snapshot() const;
    void keep(message text);
    std::optional<std::uint64_t> resumable(std::string_view resume) const;

    limits limit_;
    std::string epoch_;
    std::uint64_t number_ = 0;
    std::optional<station::station_status> last_;
    std::string last_station_;  ///< everything of it but the slots, as JSON
    std::deque<kept> history_;
    std::size_t history_bytes_ = 0;
    std::set<subscription*> pages_;
    std::int64_t dropped_ = 0;
};

}  // namespace fleetline::api
