// SPDX-License-Identifier: Apache-2.0
// USB ttys that come and go, for a program under umockdev-wrapper: its unmodified libudev sees them.
#pragma once

#include <umockdev.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace fleetline::test {

/// A tty as udev knows it. Empty: udev does not know.
struct tty {
    std::string name;
    std::string port = "1.3";  ///< of the hub
    std::string interface = "00";
    std::string vendor = "0483";
    std::string product = "374e";
    std::string serial = "SN7";
    std::string bus = "usb";

    std::string usb_path() const { return "/devices/pci0/usb1/1-" + port; }
    std::string path() const { return usb_path() + "/1-" + port + ":1." + interface.substr(1) + "/" + name; }
    std::string id_path() const {
        return port.empty() ? "" : "pci-0000:00:04.0-usb-0:" + port + ":1." + interface.substr(1);
    }
};

class usb_bench {
  public:
    /// With a node that opens; umockdev takes a node's name once only in a test.
    void plug_with_node(const tty& what) { add(what, "N: " + what.name + "\n"); }

    /// Names may come again, as they do at a machine.
    void plug(const tty& what) { add(what, ""); }

    void unplug(const tty& what) {
        umockdev_testbed_uevent(bed_.get(), ("/sys" + what.path()).c_str(), "remove");
        vanish(what);
    }

    /// Gone, and udev's word of it is lost.
    void vanish(const tty& what) {
        umockdev_testbed_remove_device(bed_.get(), ("/sys" + what.path()).c_str());
    }

    /// `udevadm trigger`, for one.
    void tell_again(const tty& what, const std::string& action) {
        umockdev_testbed_uevent(bed_.get(), ("/sys" + what.path()).c_str(), action.c_str());
    }

  private:
    struct unref {
        void operator()(UMockdevTestbed* bed) const { g_object_unref(bed); }
    };

    static std::string entry(const char* key, const std::string& value) {
        return value.empty() ? "" : std::string("E: ") + key + "=" + value + "\n";
    }

    void add(const tty& what, const std::string& node) {
        const std::string text =
            "P: " + what.path() + "\n" + node + entry("DEVNAME", "/dev/" + what.name) +
            entry("SUBSYSTEM", "tty") + entry("ID_BUS", what.bus) + entry("ID_PATH", what.id_path()) +
            entry("ID_USB_INTERFACE_NUM", what.interface) + entry("ID_VENDOR_ID", what.vendor) +
            entry("ID_MODEL_ID", what.product) + entry("ID_SERIAL_SHORT", what.serial) +
            entry("USEC_INITIALIZED", std::to_string(++plugged_) + "000123") + "\n";
        GError* error = nullptr;
        if (umockdev_testbed_add_from_string(bed_.get(), text.c_str(), &error) == 0)
            throw std::runtime_error(error->message);
    }

    std::unique_ptr<UMockdevTestbed, unref> bed_{umockdev_testbed_new()};
    int plugged_ = 0;
};

}  // namespace fleetline::test
