// SPDX-License-Identifier: Apache-2.0
// Tells which boards are plugged, and where. Two kinds: udev, and a directory of links (rehearsal,
// containers, serial-over-IP). Owned by the daemon's composition; used on the io_context thread only, by one
// reader.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

namespace fleetline::serial {

/// A tty on USB. What is not known is empty.
struct usb_device {
    std::string name;        ///< "ttyUSB0"; unique among what is plugged now, not stable over replugging
    std::string node;        ///< what to open: "/dev/ttyUSB0"
    std::string id_path;     ///< the physical port, stable: "pci-0000:00:14.0-usb-0:1.3:1.0"
    std::string interface;   ///< USB interface number, two hex digits: "00"
    std::string vendor_id;   ///< four hex digits, lower case
    std::string product_id;  ///< four hex digits, lower case
    std::string serial;      ///< of the USB descriptor
    std::string
        plugging;  ///< what one plugging in is told from every other by, on one machine between two boots
};

struct usb_event {
    /// `overrun`: some events were lost; what has changed with them follows as events of its own.
    enum class kind { plugged, unplugged, overrun };
    kind what = kind::plugged;
    usb_device device;    ///< when unplugged: as it was when plugged; none with an overrun
    std::string warning;  ///< what was wrong with what is known of it; empty if nothing
};

class usb_watcher {
  public:
    usb_watcher() = default;
    usb_watcher(const usb_watcher&) = delete;
    usb_watcher& operator=(const usb_watcher&) = delete;
    virtual ~usb_watcher() = default;

    /// The next event; first of all one `plugged` for each device that is there already. A device that
    /// changed is unplugged and plugged. Throws a `failure` (station-…) when watching itself is no longer
    /// possible.
    virtual boost::asio::awaitable<usb_event> next() = 0;
};

}  // namespace fleetline::serial
