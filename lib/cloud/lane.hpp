// SPDX-License-Identifier: Apache-2.0
// All requests of one kind in one format: they share their answer topics, and no answer carries a token that
// says whose it is. A lane gives each answer to the request it proves itself to belong to, or to nobody; it
// knows nothing of MQTT and of timers (messages and the time are handed in, see traffic.hpp). Owned by the
// traffic, on the io_context thread only.
//
// `rejected` answers carry nothing at all. With one request in flight it is that one's; with several the
// lane stops, lets the others arrive, and asks for the unanswered again, one at a time. Where an echo of an
// earlier rejection or the late answer to a request that timed out may be about, the request is asked once
// more when that can no longer be.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "cloud/call.hpp"
#include "cloud/messages.hpp"
#include "cloud/settings.hpp"

namespace fleetline::cloud {

class pace;

/// What a lane has seen; all only grow.
struct lane_counters {
    std::uint64_t asked = 0;
    std::uint64_t asked_again = 0;
    std::uint64_t accepted = 0;
    std::uint64_t rejected = 0;   ///< credited to a request
    std::uint64_t throttled = 0;  ///< "busy" answers, retried
    std::uint64_t timed_out = 0;
    std::uint64_t unattributed = 0;  ///< rejections that could not be given to a request at once
    std::uint64_t duplicate = 0;     ///< an answer that had been taken already
    std::uint64_t late = 0;          ///< to a request that had been given up
    std::uint64_t foreign = 0;       ///< to nobody here
    std::uint64_t broken = 0;        ///< unreadable, or named a request and did not fit it
};

class lane {
  public:
    lane(const session_settings& settings, call_topics topics, pace& speed, std::mt19937_64& dice);
    lane(const lane&) = delete;
    lane& operator=(const lane&) = delete;
    virtual ~lane() = default;

    const call_topics& topics() const { return topics_; }
    const lane_counters& counters() const { return counters_; }
    std::size_t in_flight() const;
    std::size_t queued() const { return calls_.size() - in_flight(); }

    /// Until then a refusal may be the answer to what an earlier life of the station asked.
    void expect_strangers(monotonic_time until) { strangers_until_ = until; }

    void add(std::unique_ptr<call> asked);
    /// The caller went away; what the cloud still answers is then late.
    void withdraw(std::uint64_t id, monotonic_time now);

    /// Until when a registration waits for what an earlier one left behind.
    virtual monotonic_time sendable_from(const station::registration_request& /*request*/) const {
        return {};
    }

    void message(std::string_view topic, std::string_view payload, monotonic_time now, utc_time utc);

    /// The longest-waiting request that may be sent now, if any.
    call* next(monotonic_time now);
    void sent(call& asked, std::uint64_t ticket, monotonic_time now);
    bool acknowledged(std::uint64_t ticket, monotonic_time now);
    /// Could not be handed to the link: try again a little later.
    bool not_sent(std::uint64_t ticket, monotonic_time now);

    /// The link is gone: what was in flight is asked again. Requests that lost it too often are given up.
    void link_lost(monotonic_time now);
    /// Ends every request of this lane.
    void fail_all(const std::string& code, const std::string& why);

    /// Time passes: timeouts, drains that end, patience.
    void tick(monotonic_time now, const std::string& trouble_code, const std::string& trouble);
    /// When tick or next can make a difference without a message; nullopt: never.
    std::optional<monotonic_time> wake(monotonic_time now) const;

    /// Requests in flight that the broker has not acknowledged, sent at or after `since`.
    bool unacknowledged_since(monotonic_time since) const;
    /// When the first of those was sent that the broker has not acknowledged; nullopt: there is none.
    std::optional<monotonic_time> first_unacknowledged() const;

  protected:
    virtual void accepted(std::string_view payload, monotonic_time now, utc_time utc) = 0;
    /// A request ends without its answer: what comes later must be recognised.
    virtual void remember(const call& given_up) = 0;
    /// A request comes in: it may have to wait for what an earlier one left behind.
    virtual void arrange(call&) {}

    /// Until when an answer to what was asked last may still come.
    monotonic_time last_answer(monotonic_time sent) const;

    /// The requests that have been sent at least once: an answer may be theirs.
    template <class Predicate>
    call* find_asked(Predicate fits) {
        for (const auto& held : calls_) {
            if (held->asks > 0 && fits(*held)) return held.get();
        }
        return nullptr;
    }

    /// Takes an answered request out of the lane, to be ended by its kind.
    std::unique_ptr<call> take_answered(call& answered, monotonic_time now);
    void give_up(call& asked, const char* code, std::string why);
    /// An answer that says nothing of whose it is, and is no refusal.
    void unreadable(std::string_view payload, const std::string& why, monotonic_time now);
    /// Whether what is being given up is so because of an unreadable answer: what was asked for may have been
    /// done.
    bool reading_failed() const { return reading_failed_; }
    /// An answer for nobody here: what is in flight may have been meant by it.
    void note_foreign(const std::string& why);

    const session_settings& settings() const { return settings_; }
    lane_counters& count() { return counters_; }

  private:
    /// What an answer without a name says to whomever it is for.
    struct verdict {
        std::optional<rejection> refusal;  ///< none: the answer could not be read
        std::string words;
        std::string echo;  ///< the same for a duplicate of it
        bool busy() const { return refusal && (refusal->status == 429 || refusal->status >= 500); }
    };
    struct missing_answer {
        std::uint64_t owner;
        monotonic_time until;
        bool renewed = false;
    };
    struct seen_rejection {
        std::string echo;
        std::uint64_t owner;
        monotonic_time at;
    };

    verdict judge(std::string_view payload) const;
    void refused(const verdict& ruling, monotonic_time now);
    void refused_alone(call& asked, const verdict& ruling, monotonic_time now);
    void conclude(call& asked, const verdict& ruling, monotonic_time now);
    bool may_be_another_s(const call& asked, const verdict& ruling, monotonic_time now) const;
    bool drain_is_over(monotonic_time now) const;
    void end_drain(monotonic_time now);
    call* next_suspect(monotonic_time now);
    void run_out_of_patience(call& asked, const std::string& trouble_code, const std::string& trouble);
    void retry_later(call& asked, const std::string& words, monotonic_time now);
    void expect_late_answer(std::uint64_t owner, monotonic_time now);
    void renew_missing(const call& asked, monotonic_time now);
    void forget_old(monotonic_time now);
    void time_out(call& asked, monotonic_time now);
    std::unique_ptr<call> take(call& asked);
    std::vector<call*> flying() const;
    milliseconds settle_time() const;
    milliseconds back_off(int nth);

    const session_settings& settings_;
    call_topics topics_;
    pace& speed_;
    std::mt19937_64& dice_;
    lane_counters counters_;

    std::vector<std::unique_ptr<call>> calls_;  ///< by the time they were queued
    bool reading_failed_ = false;
    bool draining_ = false;
    monotonic_time drain_began_{};
    monotonic_time drain_ends_{};
    std::size_t drained_rejections_ = 0;
    std::size_t drained_strays_ = 0;  ///< of these, such that may be echoes from before the drain
    bool drained_busy_only_ = true;
    bool drained_nonsense_ = false;
    monotonic_time last_message_{};
    monotonic_time last_rejection_{};
    milliseconds usual_latency_{100};
    std::deque<missing_answer> missing_;
    monotonic_time strangers_until_{};
    std::deque<seen_rejection> seen_;
};

}  // namespace fleetline::cloud
