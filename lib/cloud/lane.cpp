// SPDX-License-Identifier: Apache-2.0
#include "cloud/lane.hpp"

#include <algorithm>

#include "cloud/pace.hpp"
#include "core/digest.hpp"

namespace fleetline::cloud {

namespace {

constexpr milliseconds longest_drain{10'000};
constexpr milliseconds first_back_off{500};
constexpr milliseconds longest_back_off{15'000};
constexpr milliseconds until_next_try{100};  // after the link would not take it
constexpr std::size_t most_remembered = 256;
constexpr int most_losses = 5;

const char* refusal_code(const rejection& refused, const call& asked) {
    // The one error code that AWS is known to send for a token that is no longer good.
    if (refused.status == 400 && refused.error == "InvalidCertificateOwnershipToken") {
        return "cloud-token-refused";
    }
    if (refused.status == 403) return "cloud-denied";
    // Asked a second time after a silence, the first may have been served: then the token is used up.
    const bool registration = dynamic_cast<const registration_call*>(&asked) != nullptr;
    if (registration && refused.status == 400 && asked.silent_asks > 0 &&
        refused.error != "InvalidParameters") {
        return "cloud-token-refused";
    }
    return "cloud-rejected";
}

}  // namespace

lane::lane(const session_settings& settings, call_topics topics, pace& speed, std::mt19937_64& dice)
    : settings_(settings), topics_(std::move(topics)), speed_(speed), dice_(dice) {}

std::size_t lane::in_flight() const {
    return static_cast<std::size_t>(
        std::count_if(calls_.begin(), calls_.end(), [](const auto& held) { return held->in_flight; }));
}

std::vector<call*> lane::flying() const {
    std::vector<call*> found;
    for (const auto& held : calls_) {
        if (held->in_flight) found.push_back(held.get());
    }
    return found;
}

void lane::add(std::unique_ptr<call> asked) {
    arrange(*asked);
    calls_.push_back(std::move(asked));
}

std::unique_ptr<call> lane::take(call& asked) {
    const auto at = std::find_if(calls_.begin(), calls_.end(),
                                 [&asked](const auto& held) { return held.get() == &asked; });
    auto taken = std::move(*at);
    calls_.erase(at);
    return taken;
}

void lane::withdraw(std::uint64_t id, monotonic_time now) {
    const auto at =
        std::find_if(calls_.begin(), calls_.end(), [id](const auto& held) { return held->id == id; });
    if (at == calls_.end()) return;
    auto& asked = **at;
    if (asked.in_flight) {
        expect_late_answer(asked.id, now);
        ++asked.silent_asks;
    }
    if (asked.asks > 0) remember(asked);
    calls_.erase(at);
}

void lane::give_up(call& asked, const char* code, std::string why) {
    if (asked.asks > 0) remember(asked);
    auto taken = take(asked);
    taken->fail({failure(code, taken->doing(), taken->subject(), std::move(why)), taken->since_queued()});
}

void lane::fail_all(const std::string& code, const std::string& why) {
    while (!calls_.empty()) give_up(*calls_.back(), code.c_str(), why);
    draining_ = false;
}

std::unique_ptr<call> lane::take_answered(call& answered, monotonic_time now) {
    ++counters_.accepted;
    speed_.speed_up();
    const auto own = std::find_if(missing_.begin(), missing_.end(),
                                  [&](const auto& missing) { return missing.owner == answered.id; });
    if (!answered.in_flight && own != missing_.end()) missing_.erase(own);
    if (answered.in_flight) {
        const auto took = now - answered.times.sent;
        usual_latency_ = (usual_latency_ * 7 + took) / 8;
    }
    answered.times.answered = now;
    return take(answered);
}

// --- sending ---------------------------------------------------------------------------------------------

call* lane::next_suspect(monotonic_time now) {
    for (const auto& held : calls_) {
        if (!held->suspect) continue;
        if (held->not_before > now) return nullptr;
        if (held->doubted && now - last_rejection_ < settings_.echo) return nullptr;
        return held.get();
    }
    return nullptr;
}

call* lane::next(monotonic_time now) {
    if (draining_) return nullptr;
    const auto busy = in_flight();
    const bool any_suspect =
        std::any_of(calls_.begin(), calls_.end(), [](const auto& held) { return held->suspect; });
    if (any_suspect) return busy > 0 ? nullptr : next_suspect(now);
    for (const auto& held : calls_) {
        if (held->in_flight && held->exclusive) return nullptr;
        if (held->in_flight || held->not_before > now) continue;
        return held->exclusive && busy > 0 ? nullptr : held.get();
    }
    return nullptr;
}

void lane::sent(call& asked, std::uint64_t ticket, monotonic_time now) {
    ++(asked.asks == 0 ? counters_.asked : counters_.asked_again);
    asked.ask(now);
    asked.in_flight = true;
    asked.ticket = ticket;
}

bool lane::acknowledged(std::uint64_t ticket, monotonic_time now) {
    for (const auto& held : calls_) {
        if (held->ticket != ticket) continue;
        held->times.acknowledged = now;
        held->losses = 0;
        return true;
    }
    return false;
}

bool lane::not_sent(std::uint64_t ticket, monotonic_time now) {
    for (const auto& held : calls_) {
        if (held->ticket != ticket || !held->in_flight) continue;
        held->in_flight = false;
        held->unask();
        held->not_before = now + until_next_try;
        return true;
    }
    return false;
}

bool lane::unacknowledged_since(monotonic_time since) const {
    return std::any_of(calls_.begin(), calls_.end(), [since](const auto& held) {
        return held->in_flight && held->times.acknowledged == monotonic_time{} && held->times.sent >= since;
    });
}

std::optional<monotonic_time> lane::first_unacknowledged() const {
    std::optional<monotonic_time> first;
    for (const auto& held : calls_) {
        if (!held->in_flight || held->times.acknowledged != monotonic_time{}) continue;
        if (!first || held->times.sent < *first) first = held->times.sent;
    }
    return first;
}

// --- answers ---------------------------------------------------------------------------------------------

void lane::message(std::string_view topic, std::string_view payload, monotonic_time now, utc_time utc) {
    last_message_ = now;
    forget_old(now);
    if (topic == topics_.accepted) {
        accepted(payload, now, utc);
    } else if (topic == topics_.rejected) {
        refused(judge(payload), now);
    }
}

lane::verdict lane::judge(std::string_view payload) const {
    verdict ruling;
    ruling.echo = sha256_hex(payload);
    auto refusal = read_rejection(settings_.format, payload);
    if (refusal) {
        ruling.words = refusal->text();
        ruling.refusal = std::move(*refusal);
    } else {
        ruling.words = "the cloud refused in words that cannot be read: " + refusal.why_not();
    }
    return ruling;
}

void lane::unreadable(std::string_view payload, const std::string& why, monotonic_time now) {
    ++counters_.broken;
    verdict ruling;
    ruling.echo = sha256_hex(payload);
    ruling.words = "the cloud's answer cannot be used: " + why;
    reading_failed_ = true;
    refused(ruling, now);
    reading_failed_ = false;
}

void lane::note_foreign(const std::string& why) {
    ++counters_.foreign;
    const auto waiting = flying();
    if (waiting.size() == 1) waiting.front()->foreign_answer = why;
}

void lane::refused(const verdict& ruling, monotonic_time now) {
    last_rejection_ = now;
    if (ruling.busy()) speed_.slow_down(now);
    const auto waiting = flying();
    if (waiting.size() == 1 && !draining_) {
        refused_alone(*waiting.front(), ruling, now);
        return;
    }
    ++counters_.unattributed;
    const auto since = draining_ ? drain_began_ : now + milliseconds{1};
    const bool may_be_stray = std::any_of(seen_.begin(), seen_.end(), [&](const auto& seen) {
        return seen.echo == ruling.echo && seen.at < since && now - seen.at < settings_.echo;
    });
    seen_.push_back({ruling.echo, 0, now});
    // It may be an echo or a doubted request's: what is missing stays so until it can no longer come.
    if (waiting.empty()) return;
    if (!draining_) {
        draining_ = true;
        drain_began_ = now;
        drain_ends_ = now + std::min(longest_drain, settings_.request_timeout);
        drained_rejections_ = drained_strays_ = 0;
        drained_busy_only_ = true;
        drained_nonsense_ = false;
    }
    ++drained_rejections_;
    if (may_be_stray) ++drained_strays_;
    drained_busy_only_ = drained_busy_only_ && ruling.busy();
    drained_nonsense_ = drained_nonsense_ || !ruling.refusal;
}

bool lane::may_be_another_s(const call& asked, const verdict& ruling, monotonic_time now) const {
    const auto others = std::count_if(missing_.begin(), missing_.end(),
                                      [&asked](const auto& missing) { return missing.owner != asked.id; });
    if (asked.lone_rejections <= others + (now < strangers_until_ ? 1 : 0)) return true;
    return std::any_of(seen_.begin(), seen_.end(), [&](const auto& seen) {
        return seen.echo == ruling.echo && seen.owner != asked.id && now - seen.at < settings_.echo;
    });
}

void lane::refused_alone(call& asked, const verdict& ruling, monotonic_time now) {
    ++asked.lone_rejections;
    asked.times.answered = now;
    asked.last_words = ruling.words;
    const bool doubtful = may_be_another_s(asked, ruling, now);
    seen_.push_back({ruling.echo, asked.id, now});
    if (doubtful) ++asked.silent_asks;
    if (ruling.busy()) {
        // Whoever it was for: nobody is failed by it, and asking once more is what a late one asks for, too.
        retry_later(asked, ruling.words, now);
    } else if (doubtful || (!ruling.refusal && ++asked.lone_nonsense < 2)) {
        // Nonsense once may have been for nobody: the next answer tells.
        if (!doubtful) ++asked.silent_asks;
        ++counters_.unattributed;
        // Its own answer to this ask may still come, after it has been asked again, or given up.
        renew_missing(asked, now);
        expect_late_answer(asked.id, now);
        asked.in_flight = false;
        asked.suspect = asked.doubted = true;
    } else {
        conclude(asked, ruling, now);
    }
}

void lane::conclude(call& asked, const verdict& ruling, monotonic_time now) {
    ++counters_.rejected;
    missing_.erase(std::remove_if(missing_.begin(), missing_.end(),
                                  [&asked](const auto& missing) { return missing.owner == asked.id; }),
                   missing_.end());
    // Of its refusals one may have been another's, whose place its own last answer then has.
    if (asked.lone_rejections > 1) expect_late_answer(0, now);
    const char* code = ruling.refusal ? refusal_code(*ruling.refusal, asked) : "cloud-answer-invalid";
    asked.in_flight = false;  // this was its answer
    give_up(asked, code, ruling.words);
}

void lane::retry_later(call& asked, const std::string& words, monotonic_time now) {
    ++counters_.throttled;
    asked.in_flight = asked.suspect = asked.doubted = false;
    asked.last_words = words;
    asked.not_before = now + back_off(asked.retries++);
    if (asked.not_before >= asked.patience_end) give_up(asked, "cloud-throttled", words);
}

milliseconds lane::back_off(int nth) {
    const auto most = std::min(longest_back_off, first_back_off * (1 << std::min(nth, 10)));
    std::uniform_int_distribution<std::int64_t> jitter(most.count() / 2, most.count());
    return milliseconds{jitter(dice_)};
}

milliseconds lane::settle_time() const {
    return std::clamp(usual_latency_ * 2, milliseconds{20}, milliseconds{1000});
}

bool lane::drain_is_over(monotonic_time now) const {
    const auto left = in_flight();
    if (left == 0 || now >= drain_ends_) return true;
    return left <= drained_rejections_ && now - last_message_ >= settle_time();
}

void lane::end_drain(monotonic_time now) {
    draining_ = false;
    const auto unanswered = flying();
    // Each may have come twice, or be the echo of an earlier one, or the late answer to one that is missing:
    // whose refusal has not come yet must not be put down to another board later.
    const auto not_theirs = drained_strays_ + 2 * (missing_.size() + (now < strangers_until_ ? 1 : 0));
    const auto theirs = drained_rejections_ - std::min(drained_rejections_, not_theirs);
    const auto told = (theirs + 1) / 2;
    for (auto each = told; each < unanswered.size(); ++each) expect_late_answer(0, now);
    // Whose it is that was not refused nobody knows: each of them may have been served.
    if (told < unanswered.size() || drained_nonsense_)
        for (auto* asked : unanswered) ++asked->silent_asks;
    if (unanswered.size() == 1) {
        for (auto& seen : seen_) {
            if (seen.owner == 0 && seen.at >= drain_began_) seen.owner = unanswered.front()->id;
        }
    }
    for (auto* asked : unanswered) {
        if (drained_busy_only_) {
            retry_later(*asked, "the cloud is busy", now);
        } else {
            asked->in_flight = false;
            asked->suspect = true;
        }
    }
}

// --- time ------------------------------------------------------------------------------------------------

monotonic_time lane::last_answer(monotonic_time sent) const {
    return sent + settings_.request_timeout + settings_.late_answers;
}

void lane::expect_late_answer(std::uint64_t owner, monotonic_time now) {
    missing_.push_back({owner, now + settings_.late_answers, false});
    while (missing_.size() > most_remembered) missing_.pop_front();
}

/// What was missing may just have come in another request's place, whose own answer is missing instead. Once:
/// such a chain must end.
void lane::renew_missing(const call& asked, monotonic_time now) {
    const auto oldest = std::find_if(missing_.begin(), missing_.end(), [&](const auto& missing) {
        return !missing.renewed && missing.owner != asked.id;
    });
    if (oldest == missing_.end()) return;
    missing_.erase(oldest);
    expect_late_answer(0, now);
    missing_.back().renewed = true;
}

void lane::forget_old(monotonic_time now) {
    while (!missing_.empty() && missing_.front().until <= now) missing_.pop_front();
    while (!seen_.empty() && (now - seen_.front().at >= settings_.echo || seen_.size() > most_remembered)) {
        seen_.pop_front();
    }
}

void lane::link_lost(monotonic_time now) {
    if (draining_) {
        drained_busy_only_ = false;
        end_drain(now);
    }
    for (auto* asked : flying()) {
        asked->in_flight = false;
        ++asked->silent_asks;
        expect_late_answer(asked->id, now);
        if (++asked->losses < most_losses) continue;
        give_up(*asked, "cloud-connection-lost",
                "the connection was lost " + std::to_string(most_losses) + " times over this request");
    }
}

void lane::time_out(call& asked, monotonic_time now) {
    ++counters_.timed_out;
    ++asked.silent_asks;
    asked.in_flight = false;
    expect_late_answer(asked.id, now);
    if (asked.asks < settings_.asks && now < asked.patience_end) return;
    if (!asked.foreign_answer.empty()) {
        give_up(asked, "cloud-answer-mismatched", asked.foreign_answer);
        return;
    }
    const auto seconds = std::to_string((now - asked.times.queued).count() / 1000);
    const bool arrived = asked.times.acknowledged != monotonic_time{};
    give_up(asked, "cloud-no-answer",
            "asked " + std::to_string(asked.asks) + " times in " + seconds +
                " s, no answer came; the broker " +
                (arrived ? "acknowledged the last request" : "did not acknowledge the last request"));
}

void lane::run_out_of_patience(call& asked, const std::string& trouble_code, const std::string& trouble) {
    if (!trouble_code.empty()) {
        give_up(asked, trouble_code.c_str(), trouble);
    } else if (asked.retries > 0) {
        give_up(asked, "cloud-throttled", asked.last_words);
    } else {
        give_up(asked, "cloud-no-answer",
                asked.last_words.empty() ? "its turn did not come in time" : asked.last_words);
    }
}

void lane::tick(monotonic_time now, const std::string& trouble_code, const std::string& trouble) {
    forget_old(now);
    if (draining_ && drain_is_over(now)) end_drain(now);
    std::vector<call*> all;
    for (const auto& held : calls_) all.push_back(held.get());
    for (auto* asked : all) {
        if (asked->in_flight) {
            const auto due = std::min(asked->times.sent + settings_.request_timeout, asked->patience_end);
            if (!draining_ && now >= due) time_out(*asked, now);
        } else if (now >= asked->patience_end) {
            run_out_of_patience(*asked, trouble_code, trouble);
        }
    }
}

std::optional<monotonic_time> lane::wake(monotonic_time now) const {
    std::optional<monotonic_time> earliest;
    const auto at = [&](monotonic_time when) {
        if (when > now && (!earliest || when < *earliest)) earliest = when;
    };
    if (draining_) {
        at(drain_ends_);
        at(last_message_ + settle_time());
    }
    for (const auto& held : calls_) {
        at(held->patience_end);
        if (held->in_flight) {
            at(held->times.sent + settings_.request_timeout);
        } else {
            at(held->not_before);
            if (held->doubted) at(last_rejection_ + settings_.echo);
        }
    }
    return earliest;
}

}  // namespace fleetline::cloud
