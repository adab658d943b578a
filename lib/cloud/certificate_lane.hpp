// SPDX-License-Identifier: Apache-2.0
// CreateCertificateFromCsr: an answer is the request's whose public key its certificate carries. Owned by the
// traffic, on the io_context thread only.
#pragma once

#include <deque>
#include <string>
#include <unordered_map>

#include "cloud/lane.hpp"
#include "x509/x509.hpp"

namespace fleetline::cloud {

class certificate_lane final : public lane {
  public:
    certificate_lane(const session_settings& settings, pace& speed, std::mt19937_64& dice,
                     station::issuer_observer& observer);

  protected:
    void accepted(std::string_view payload, monotonic_time now, utc_time utc) override;
    void remember(const call& given_up) override;

  private:
    /// A request that has ended: its key, whose it was, and the certificate that was taken for it, if any.
    struct past_request {
        attempt_id attempt;
        std::string taken;
    };

    void note_unanswered(const call& asked, int times);
    void remember(const std::string& public_key, const attempt_id& attempt, const std::string& taken);
    void not_taken(const certificate_answer& answer, const x509::certificate& certificate);

    station::issuer_observer& observer_;
    std::unordered_map<std::string, past_request> past_;  ///< by public key
    std::deque<std::string> past_order_;
};

}  // namespace fleetline::cloud
