// SPDX-License-Identifier: Apache-2.0
// A directory as a USB bus: a link to a tty is a plugged board, removing it unplugs, replacing it does both.
// NAME.json beside NAME gives id_path, vendor_id, product_id, serial and interface. io_context thread only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <filesystem>
#include <memory>

#include "serial/usb_watcher.hpp"

namespace fleetline::serial {

class directory_watcher final : public usb_watcher {
  public:
    /// The directory is made if it is not there; throws station-configuration if it cannot be watched.
    directory_watcher(const boost::asio::any_io_executor& executor, std::filesystem::path directory);
    ~directory_watcher() override;

    boost::asio::awaitable<usb_event> next() override;

  private:
    class watch;
    std::unique_ptr<watch> watch_;
};

}  // namespace fleetline::serial
