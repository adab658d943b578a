// SPDX-License-Identifier: Apache-2.0
// Opens ports without holding up the loop: with a USB adapter that is sick, opening a tty, setting its line
// and closing it take seconds each, in the kernel. So they run on threads of their own, for one tty one after
// the other, and an opening has a limit. Owned by the daemon's composition; used on the io_context thread
// only. Threads that are in the kernel still may outlive it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>

#include "core/time_source.hpp"
#include "serial/port.hpp"

namespace fleetline::serial {

class opener {
  public:
    static constexpr milliseconds usual_limit{10'000};

    /// `time` outlives it.
    explicit opener(time_source& time, milliseconds limit = usual_limit);
    ~opener();

    /// Throws as port's constructor does, and port-failed when the limit has passed: what opens later is
    /// closed. Cancelled, throws system_error(operation_aborted). The port's close() does not block; the next
    /// opening of the same path waits for it.
    boost::asio::awaitable<port> open(std::string path, port_settings settings);

  private:
    class turns;
    class turn;
    struct opened;

    time_source& time_;
    milliseconds limit_;
    std::shared_ptr<turns> turns_;
};

}  // namespace fleetline::serial
