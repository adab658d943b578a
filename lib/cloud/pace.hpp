// SPDX-License-Identifier: Apache-2.0
// A token bucket that yields: halved when the cloud says it is too fast, back to full speed by and by. One
// a call. Owned by the traffic, on the io_context thread only.
#pragma once

#include "cloud/settings.hpp"
#include "core/time.hpp"

namespace fleetline::cloud {

class pace {
  public:
    explicit pace(rate_limit limit);

    bool ready(monotonic_time now);
    void take(monotonic_time now);
    /// When the next token is there.
    monotonic_time next(monotonic_time now);

    /// The cloud is busy: half speed, at most once in 500 ms (one overload rejects many requests at once).
    void slow_down(monotonic_time now);
    /// The cloud answered well: a little faster, up to the limit.
    void speed_up();

    double per_second() const { return limit_.per_second * share_; }

  private:
    void refill(monotonic_time now);

    rate_limit limit_;
    double share_ = 1.0;
    double tokens_;
    monotonic_time filled_{};
    monotonic_time slowed_{};
    bool started_ = false;
};

}  // namespace fleetline::cloud
