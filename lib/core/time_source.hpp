// SPDX-License-Identifier: Apache-2.0
// The clocks and the timer, handed to whoever needs them so that the station can also run in virtual time.
// Owned by the program's composition (or a test); used on the io_context thread only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "core/time.hpp"

namespace fleetline {

class time_source {
  public:
    time_source() = default;
    time_source(const time_source&) = delete;
    time_source& operator=(const time_source&) = delete;
    virtual ~time_source() = default;

    virtual utc_time utc_now() const = 0;
    virtual monotonic_time now() const = 0;

    /// Whether the UTC clock was synchronised to a reference when last looked at.
    virtual bool synchronised() const = 0;

    /// Resumes at `when` or, cancelled, throws boost::system::system_error(operation_aborted).
    virtual boost::asio::awaitable<void> wait_until(monotonic_time when) = 0;

    boost::asio::awaitable<void> wait_for(milliseconds duration) { return wait_until(now() + duration); }
};

/// The machine's clocks. `synchronised` is the kernel's word (adjtimex), looked at once a second at most.
class system_time_source final : public time_source {
  public:
    utc_time utc_now() const override;
    monotonic_time now() const override;
    bool synchronised() const override;
    boost::asio::awaitable<void> wait_until(monotonic_time when) override;

  private:
    mutable monotonic_time looked_at_{};
    mutable bool synchronised_ = false;
};

}  // namespace fleetline
