// SPDX-License-Identifier: Apache-2.0
// The machine's own USB ttys, as udev tells of them. io_context thread only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>

#include "serial/usb_watcher.hpp"

namespace fleetline::serial {

class udev_watcher final : public usb_watcher {
  public:
    /// Throws station-configuration if udev cannot be asked (no AF_NETLINK, for one).
    explicit udev_watcher(const boost::asio::any_io_executor& executor);
    ~udev_watcher() override;

    boost::asio::awaitable<usb_event> next() override;

  private:
    class watch;
    std::unique_ptr<watch> watch_;
};

}  // namespace fleetline::serial
