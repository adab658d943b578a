// SPDX-License-Identifier: Apache-2.0
#include "cloud/certificate_lane.hpp"

#include "cloud/proof.hpp"

namespace fleetline::cloud {

namespace {
constexpr std::size_t most_remembered = 8192;
}

certificate_lane::certificate_lane(const session_settings& settings, pace& speed, std::mt19937_64& dice,
                                   station::issuer_observer& observer)
    : lane(settings, create_topics(settings.format), speed, dice), observer_(observer) {}

void certificate_lane::accepted(std::string_view payload, monotonic_time now, utc_time utc) {
    auto answer = read_certificate_answer(settings().format, payload);
    if (!answer) {
        unreadable(payload, answer.why_not(), now);
        return;
    }
    auto certificate = x509::parse_certificate(answer->pem);
    if (!certificate) {
        unreadable(payload, "its certificate cannot be read: " + certificate.why_not(), now);
        return;
    }
    const auto past = past_.find(certificate->public_key);
    if (past != past_.end() && past->second.taken == certificate->sha256) {
        ++count().duplicate;
        return;
    }
    auto* asked = find_asked([&](const call& held) {
        return static_cast<const certificate_call&>(held).request.public_key == certificate->public_key;
    });
    if (asked == nullptr) {
        not_taken(*answer, *certificate);
        return;
    }
    const auto& csr_subject = static_cast<certificate_call&>(*asked).request.subject;
    const auto flaw = certificate_flaw(*answer, *certificate, csr_subject, utc);
    if (!flaw.empty()) {
        ++count().broken;
        const auto attempt = asked->attempt();
        give_up(*asked, "cloud-certificate-invalid", flaw);
        observer_.certificate_unaccounted(answer->pem, certificate->sha256, attempt, flaw);
        return;
    }
    note_unanswered(*asked, asked->silent_asks);
    auto taken = take_answered(*asked, now);
    remember(certificate->public_key, taken->attempt(), certificate->sha256);
    station::issued_certificate issued;
    issued.id = certificate_id(std::move(answer->id));
    issued.pem = std::move(answer->pem);
    issued.der = std::move(certificate->der);
    issued.not_after = certificate->not_after;
    issued.ownership_token = std::move(answer->ownership_token);
    issued.request_ms = taken->since_queued();
    static_cast<certificate_call&>(*taken).done(std::move(issued));
}

void certificate_lane::not_taken(const certificate_answer& answer, const x509::certificate& certificate) {
    const auto past = past_.find(certificate.public_key);
    if (past == past_.end()) {
        const std::string why = "the cloud sent a certificate for a key that no board here asked for";
        note_foreign(why);
        observer_.certificate_unaccounted(answer.pem, certificate.sha256, attempt_id{}, why);
        return;
    }
    ++count().late;
    const bool second = !past->second.taken.empty();
    observer_.certificate_unaccounted(answer.pem, certificate.sha256, past->second.attempt,
                                      second ? "a second certificate for a request already answered"
                                             : "it came after its request had been given up");
}

/// Each time it was asked and nothing came of it, the cloud may have made a certificate that nobody will ever
/// name.
void certificate_lane::note_unanswered(const call& asked, int times) {
    for (int i = 0; i < times; ++i)
        observer_.certificate_unaccounted({}, {}, asked.attempt(),
                                          "a certificate was asked for, and no usable answer came");
}

void certificate_lane::remember(const call& given_up) {
    note_unanswered(given_up, given_up.silent_asks + (reading_failed() ? 1 : 0));
    remember(static_cast<const certificate_call&>(given_up).request.public_key, given_up.attempt(), {});
}

void certificate_lane::remember(const std::string& public_key, const attempt_id& attempt,
                                const std::string& taken) {
    const bool added = past_.insert_or_assign(public_key, past_request{attempt, taken}).second;
    if (!added) return;
    past_order_.push_back(public_key);
    if (past_order_.size() <= most_remembered) return;
    past_.erase(past_order_.front());
    past_order_.pop_front();
}

}  // namespace fleetline::cloud
