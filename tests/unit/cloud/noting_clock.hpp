// SPDX-License-Identifier: Apache-2.0
// The machine's clock, as many times faster as a test wants it, that notes what is waited for.
#pragma once

#include <algorithm>

#include "core/time_source.hpp"

namespace fleetline::tests {

class noting_clock final : public time_source {
  public:
    explicit noting_clock(int rate = 1) : rate_(rate) {}

    utc_time utc_now() const override { return utc_start_ + (now() - start_); }
    monotonic_time now() const override { return start_ + (real_.now() - start_) * rate_; }
    bool synchronised() const override { return true; }

    boost::asio::awaitable<void> wait_until(monotonic_time when) override {
        const auto left = std::max(milliseconds{0}, when - now());
        ++waits;
        longest_wait = std::max(longest_wait, left);
        return real_.wait_until(real_.now() + (left + milliseconds{rate_ - 1}) / rate_);
    }

    long waits = 0;
    milliseconds longest_wait{0};

  private:
    system_time_source real_;
    const int rate_;
    const monotonic_time start_ = real_.now();
    const utc_time utc_start_ = real_.utc_now();
};

}  // namespace fleetline::tests
