// SPDX-License-Identifier: Apache-2.0
// The machine's clock as a test has it: ahead, or synchronised or not.
#pragma once

#include "core/time_source.hpp"

namespace fleetline::tests {

class told_clock final : public time_source {
  public:
    explicit told_clock(bool in_step, milliseconds ahead = milliseconds{0})
        : in_step_(in_step), ahead_(ahead) {}

    utc_time utc_now() const override { return real_.utc_now() + ahead_; }
    monotonic_time now() const override { return real_.now(); }
    bool synchronised() const override { return in_step_; }
    boost::asio::awaitable<void> wait_until(monotonic_time when) override { return real_.wait_until(when); }

  private:
    system_time_source real_;
    bool in_step_;
    milliseconds ahead_;
};

}  // namespace fleetline::tests
