// SPDX-License-Identifier: Apache-2.0
// RegisterThing with one template: an answer is the request's whose certificate id or serial it repeats, or
// whose thing name it carries; where none can be known beforehand, requests go one at a time. Which of a
// serial's certificates was registered only the former says: where the template does not repeat it, a request
// with another certificate than the serial's earlier one waits until that one's answer can no longer come,
// nor come again. Owned by the traffic, on the io_context thread only.
#pragma once

#include <deque>
#include <string>

#include "cloud/lane.hpp"

namespace fleetline::cloud {

class registration_lane final : public lane {
  public:
    /// `born`: when the session began; what an earlier one asked for was sent before.
    registration_lane(const session_settings& settings, const std::string& template_name, pace& speed,
                      std::mt19937_64& dice, station::issuer_observer& observer, monotonic_time born);

    monotonic_time sendable_from(const station::registration_request& request) const override;

  protected:
    void accepted(std::string_view payload, monotonic_time now, utc_time utc) override;
    void remember(const call& given_up) override;
    void arrange(call& asked) override;

  private:
    struct past_request {
        station::registration_request request;  ///< without its token
        std::string thing;                      ///< that was taken for it; empty: given up
        monotonic_time answerable_until{};      ///< the epoch: nothing more can come
    };

    void remember(const call& ended, const std::string& thing);
    bool may_be_late(const registration_answer& answer, const call& candidate) const;
    void not_taken(const registration_answer& answer);

    station::issuer_observer& observer_;
    monotonic_time born_;
    std::deque<past_request> past_;
};

}  // namespace fleetline::cloud
