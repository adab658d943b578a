// SPDX-License-Identifier: Apache-2.0
#include "cloud/registration_lane.hpp"

#include <algorithm>

#include "cloud/proof.hpp"

namespace fleetline::cloud {

namespace {

constexpr std::size_t most_remembered = 2048;  // of those to which nothing can come any more

const station::registration_request& request_of(const call& held) {
    return static_cast<const registration_call&>(held).request;
}

/// What tells its answers, and no secret.
station::registration_request known_by(const station::registration_request& request) {
    station::registration_request copy;
    copy.serial = request.serial;
    copy.attempt = request.attempt;
    copy.certificate = request.certificate;
    copy.expected_thing = request.expected_thing;
    copy.serial_echo_key = request.serial_echo_key;
    copy.certificate_echo_key = request.certificate_echo_key;
    return copy;
}

}  // namespace

registration_lane::registration_lane(const session_settings& settings, const std::string& template_name,
                                     pace& speed, std::mt19937_64& dice, station::issuer_observer& observer,
                                     monotonic_time born)
    : lane(settings, register_topics(settings.format, template_name), speed, dice),
      observer_(observer),
      born_(born) {}

monotonic_time registration_lane::sendable_from(const station::registration_request& request) const {
    if (!request.certificate_echo_key.empty()) return {};
    auto from = request.registered_otherwise ? last_answer(born_) : monotonic_time{};
    for (const auto& past : past_) {
        const auto& earlier = past.request;
        // The same certificate again is the same registration, whichever answer it is.
        if (earlier.serial != request.serial || earlier.certificate == request.certificate) continue;
        from = std::max(from, past.answerable_until);
    }
    return from;
}

void registration_lane::arrange(call& asked) {
    asked.not_before = sendable_from(request_of(asked));
    // Its patience is for the cloud, not for this.
    asked.patience_end = std::max(asked.patience_end, asked.not_before + asked.patience);
}

void registration_lane::accepted(std::string_view payload, monotonic_time now, utc_time) {
    auto answer = read_registration_answer(settings().format, payload);
    if (!answer) {
        unreadable(payload, answer.why_not(), now);
        return;
    }
    std::string why;
    auto* mine = find_asked([&](const call& held) {
        return belongs(*answer, request_of(held), why) == belonging::mine && !may_be_late(*answer, held);
    });
    if (mine != nullptr) {
        auto taken = take_answered(*mine, now);
        remember(*taken, answer->thing);
        station::registration made;
        made.thing = thing_name(std::move(answer->thing));
        made.device_configuration = std::move(answer->device_configuration);
        made.request_ms = taken->since_queued();
        static_cast<registration_call&>(*taken).done(std::move(made));
        return;
    }
    auto* broken = find_asked(
        [&](const call& held) { return belongs(*answer, request_of(held), why) == belonging::broken; });
    if (broken == nullptr) {
        not_taken(*answer);
        return;
    }
    ++count().broken;
    const auto attempt = broken->attempt();
    give_up(*broken, "cloud-answer-mismatched", why);
    observer_.registration_unaccounted(answer->thing, attempt, why);
}

// A thing name that merely contains the serial may contain a longer one, of a request given up earlier.
bool registration_lane::may_be_late(const registration_answer& answer, const call& candidate) const {
    const auto& request = request_of(candidate);
    if (!request.serial_echo_key.empty() || !request.certificate_echo_key.empty() ||
        !request.expected_thing.empty())
        return false;
    return std::any_of(past_.begin(), past_.end(), [&](const auto& past) {
        std::string why;
        return past.request.serial != request.serial &&
               holds_serial(past.request.serial.text(), request.serial.text()) &&
               belongs(answer, past.request, why) == belonging::mine;
    });
}

void registration_lane::not_taken(const registration_answer& answer) {
    std::string why;
    const auto past = std::find_if(past_.rbegin(), past_.rend(), [&](const auto& held) {
        return belongs(answer, held.request, why) == belonging::mine;
    });
    const auto* waiting = find_asked([&](const call& held) {
        const auto& request = request_of(held);
        if (request.certificate_echo_key.empty()) return false;
        auto without_certificate = known_by(request);
        without_certificate.certificate_echo_key.clear();
        return belongs(answer, without_certificate, why) == belonging::mine;
    });
    if (past == past_.rend() && waiting != nullptr) {
        // Of an earlier life; nothing is wrong with what is in flight.
        ++count().late;
        observer_.registration_unaccounted(answer.thing, waiting->attempt(),
                                           "it is about an earlier certificate of this board");
    } else if (past == past_.rend()) {
        why = "the cloud registered thing '" + answer.thing + "', which no board here asked for";
        note_foreign(why);
        observer_.registration_unaccounted(answer.thing, attempt_id{}, why);
    } else if (past->thing == answer.thing) {
        ++count().duplicate;
    } else {
        ++count().late;
        observer_.registration_unaccounted(answer.thing, past->request.attempt,
                                           past->thing.empty()
                                               ? "it came after its request had been given up"
                                               : "a second answer, after '" + past->thing + "'");
    }
}

void registration_lane::remember(const call& given_up) {
    remember(given_up, {});
}

void registration_lane::remember(const call& ended, const std::string& thing) {
    past_request past;
    past.request = known_by(request_of(ended));
    past.thing = thing;
    // One that was taken may come again, and much later than an echo does.
    const bool another_may_come = !thing.empty() || ended.silent_asks > 0 || ended.in_flight;
    if (another_may_come) past.answerable_until = last_answer(ended.times.sent);
    past_.push_back(std::move(past));
    while (past_.size() > most_remembered && past_.front().answerable_until <= ended.times.sent)
        past_.pop_front();
}

}  // namespace fleetline::cloud
