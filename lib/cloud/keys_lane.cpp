// SPDX-License-Identifier: Apache-2.0
#include "cloud/keys_lane.hpp"

#include <algorithm>

#include "cloud/proof.hpp"

namespace fleetline::cloud {

namespace {
constexpr std::size_t most_remembered = 1024;
}

keys_lane::keys_lane(const session_settings& settings, pace& speed, std::mt19937_64& dice,
                     station::issuer_observer& observer)
    : lane(settings, keys_topics(settings.format), speed, dice), observer_(observer) {}

void keys_lane::accepted(std::string_view payload, monotonic_time now, utc_time utc) {
    auto answer = read_keys_answer(settings().format, payload);
    if (!answer) {
        unreadable(payload, answer.why_not(), now);
        return;
    }
    auto certificate = x509::parse_certificate(answer->certificate.pem);
    if (!certificate) {
        unreadable(payload, "its certificate cannot be read: " + certificate.why_not(), now);
        return;
    }
    if (std::find(taken_.begin(), taken_.end(), certificate->sha256) != taken_.end()) {
        ++count().duplicate;
        return;
    }
    const auto fits = x509::key_matches(answer->private_key_pem, *certificate);
    // AWS chooses the subject.
    auto flaw = certificate_flaw(answer->certificate, *certificate, certificate->subject, utc);
    if (!fits || !*fits) flaw = "its private key does not belong to it";
    auto* waiting = find_asked([](const call& held) { return held.in_flight; });
    if (waiting == nullptr) waiting = find_asked([](const call&) { return true; });
    if (waiting == nullptr || !flaw.empty()) {
        flaw.empty() ? ++count().late : ++count().broken;
        const std::string why = flaw.empty() ? "it came when no board waited for a key" : flaw;
        note_foreign(why);
        observer_.certificate_unaccounted(answer->certificate.pem, certificate->sha256, attempt_id{}, why);
        return;
    }
    taken_.push_back(certificate->sha256);
    if (taken_.size() > most_remembered) taken_.pop_front();
    note_unanswered(*waiting, waiting->silent_asks);
    auto ended = take_answered(*waiting, now);
    station::issued_keys made;
    made.certificate.id = certificate_id(std::move(answer->certificate.id));
    made.certificate.pem = std::move(answer->certificate.pem);
    made.certificate.der = std::move(certificate->der);
    made.certificate.not_after = certificate->not_after;
    made.certificate.ownership_token = std::move(answer->certificate.ownership_token);
    made.certificate.request_ms = ended->since_queued();
    made.private_key_pem = std::move(answer->private_key_pem);
    made.public_key = std::move(certificate->public_key);
    static_cast<keys_call&>(*ended).done(std::move(made));
}

/// Each time it was asked and nothing came of it, the cloud may have made a certificate that nobody will ever
/// name.
void keys_lane::note_unanswered(const call& asked, int times) {
    for (int i = 0; i < times; ++i)
        observer_.certificate_unaccounted({}, {}, asked.attempt(),
                                          "a key was asked for, and no usable answer came");
}

void keys_lane::remember(const call& given_up) {
    note_unanswered(given_up, given_up.silent_asks + (reading_failed() ? 1 : 0));
}

}  // namespace fleetline::cloud
