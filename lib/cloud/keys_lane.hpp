// SPDX-License-Identifier: Apache-2.0
// CreateKeysAndCertificate: an answer is made for nobody in particular, so that it serves the board that has
// waited longest, a late one too. Owned by the traffic, on the io_context thread only.
#pragma once

#include <deque>
#include <string>

#include "cloud/lane.hpp"
#include "x509/x509.hpp"

namespace fleetline::cloud {

class keys_lane final : public lane {
  public:
    keys_lane(const session_settings& settings, pace& speed, std::mt19937_64& dice,
              station::issuer_observer& observer);

  protected:
    void accepted(std::string_view payload, monotonic_time now, utc_time utc) override;
    void remember(const call& given_up) override;

  private:
    void note_unanswered(const call& asked, int times);

    station::issuer_observer& observer_;
    std::deque<std::string> taken_;  ///< ids of the last certificates: their duplicates are nobody's
};

}  // namespace fleetline::cloud
