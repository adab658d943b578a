// SPDX-License-Identifier: Apache-2.0
#include "serial/udev_watcher.hpp"

#include <fcntl.h>
#include <libudev.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <deque>
#include <map>
#include <optional>
#include <system_error>
#include <utility>

#include "core/failure.hpp"
#include "core/owned.hpp"

namespace fleetline::serial {

namespace {

using udev_handle = owned<udev, udev_unref>;
using monitor_handle = owned<udev_monitor, udev_monitor_unref>;
using enumerate_handle = owned<udev_enumerate, udev_enumerate_unref>;
using device_handle = owned<udev_device, udev_device_unref>;

[[noreturn]] void throw_trouble(int error) {
    throw failure("station-configuration", "Watching for boards", "udev",
                  std::generic_category().message(error));
}

std::string text(const char* value) {
    return value == nullptr ? std::string() : std::string(value);
}

std::string property(udev_device* device, const char* name) {
    return text(udev_device_get_property_value(device, name));
}

/// Only ttys on USB: a gadget's own ttyGS0 is in the tty subsystem too, and has no ID_BUS.
std::optional<usb_device> describe(udev_device* device) {
    if (property(device, "ID_BUS") != "usb") return std::nullopt;
    usb_device found;
    found.name = text(udev_device_get_sysname(device));
    found.node = text(udev_device_get_devnode(device));
    found.id_path = property(device, "ID_PATH");
    found.interface = property(device, "ID_USB_INTERFACE_NUM");
    found.vendor_id = property(device, "ID_VENDOR_ID");
    found.product_id = property(device, "ID_MODEL_ID");
    found.serial = property(device, "ID_SERIAL_SHORT");
    found.plugging = property(device, "USEC_INITIALIZED");
    if (found.name.empty() || found.node.empty()) return std::nullopt;
    return found;
}

bool same(const usb_device& a, const usb_device& b) {
    return a.node == b.node && a.id_path == b.id_path && a.interface == b.interface &&
           a.vendor_id == b.vendor_id && a.product_id == b.product_id && a.serial == b.serial &&
           (a.plugging == b.plugging || a.plugging.empty() || b.plugging.empty());
}

}  // namespace

class udev_watcher::watch {
  public:
    explicit watch(const boost::asio::any_io_executor& executor)
        : udev_(udev_new()), monitor_(start_monitor(udev_.get())), notices_(executor) {
        // libudev closes its own descriptor.
        const int own = fcntl(udev_monitor_get_fd(monitor_.get()), F_DUPFD_CLOEXEC, 0);
        if (own < 0) throw_trouble(errno);
        notices_.assign(own);
        look_at_everything();  // after the monitor listens: nothing falls between
    }

    boost::asio::awaitable<usb_event> next() {
        using boost::asio::posix::stream_descriptor;
        for (;;) {
            take_notices();
            if (!events_.empty()) break;
            co_await notices_.async_wait(stream_descriptor::wait_read, boost::asio::use_awaitable);
        }
        usb_event event = std::move(events_.front());
        events_.pop_front();
        co_return event;
    }

  private:
    static monitor_handle start_monitor(udev* context) {
        if (context == nullptr) throw_trouble(ENOMEM);
        monitor_handle monitor(udev_monitor_new_from_netlink(context, "udev"));
        if (!monitor) throw_trouble(errno);
        const int filtered = udev_monitor_filter_add_match_subsystem_devtype(monitor.get(), "tty", nullptr);
        const int enabled = filtered < 0 ? filtered : udev_monitor_enable_receiving(monitor.get());
        if (enabled < 0) throw_trouble(-enabled);
        return monitor;
    }

    /// One look at the queue, bounded: a storm of events must not hold the loop.
    void take_notices() {
        constexpr int at_once = 64;
        for (int taken = 0; taken < at_once && events_.empty(); ++taken) {
            errno = 0;
            const device_handle device(udev_monitor_receive_device(monitor_.get()));
            if (device) {
                if (!overrun_) take(device.get());
                continue;
            }
            if (errno == ENOBUFS) {
                overrun_ = true;
                continue;
            }
            if (std::exchange(overrun_, false)) make_up_for_lost_notices();
            break;
        }
    }

    /// The kernel's queue ran over. What it still held is older than what was lost, and has been passed over.
    void make_up_for_lost_notices() {
        usb_event event;
        event.what = usb_event::kind::overrun;
        event.warning =
            "udev told of more devices at once than its queue holds; which are there is looked up anew";
        events_.push_back(std::move(event));
        look_at_everything();
    }

    void take(udev_device* device) {
        const std::string action = text(udev_device_get_action(device));
        const std::string name = text(udev_device_get_sysname(device));
        if (action == "remove") return unplug(name);
        if (action != "add" && action != "change") return;
        const auto found = describe(device);
        if (!found) return;
        // An `add` is told again by `udevadm trigger`, and after a look at everything. For another plugging
        // of a device that is known it means that a `remove` was missed.
        const auto known = boards_.find(name);
        const bool may_repeat = action == "change" || !found->plugging.empty();
        if (known != boards_.end() && may_repeat && same(known->second, *found)) return;
        unplug(name);
        plug(*found);
    }

    void look_at_everything() {
        const enumerate_handle all(udev_enumerate_new(udev_.get()));
        if (!all) throw_trouble(ENOMEM);
        udev_enumerate_add_match_subsystem(all.get(), "tty");
        udev_enumerate_scan_devices(all.get());
        std::map<std::string, usb_device> present;
        udev_list_entry* entry = nullptr;
        udev_list_entry_foreach(entry, udev_enumerate_get_list_entry(all.get())) {
            const device_handle device(
                udev_device_new_from_syspath(udev_.get(), udev_list_entry_get_name(entry)));
            if (!device) continue;  // gone meanwhile
            if (auto found = describe(device.get())) present.emplace(found->name, *found);
        }
        for (auto known = boards_.begin(); known != boards_.end();) {
            const auto name = (known++)->first;
            const auto now = present.find(name);
            if (now == present.end() || !same(now->second, boards_.at(name))) unplug(name);
        }
        for (const auto& [name, device] : present)
            if (!boards_.contains(name)) plug(device);
    }

    void plug(const usb_device& device) {
        usb_event event;
        event.what = usb_event::kind::plugged;
        event.device = device;
        if (device.id_path.empty()) event.warning = "udev knows no ID_PATH of " + device.name;
        boards_.insert_or_assign(device.name, device);
        events_.push_back(std::move(event));
    }

    void unplug(const std::string& name) {
        const auto known = boards_.find(name);
        if (known == boards_.end()) return;
        usb_event event;
        event.what = usb_event::kind::unplugged;
        event.device = std::move(known->second);
        boards_.erase(known);
        events_.push_back(std::move(event));
    }

    udev_handle udev_;
    monitor_handle monitor_;
    boost::asio::posix::stream_descriptor notices_;
    std::map<std::string, usb_device> boards_;
    std::deque<usb_event> events_;
    bool overrun_ = false;
};

udev_watcher::udev_watcher(const boost::asio::any_io_executor& executor)
    : watch_(std::make_unique<watch>(executor)) {}
udev_watcher::~udev_watcher() = default;

boost::asio::awaitable<usb_event> udev_watcher::next() {
    return watch_->next();
}

}  // namespace fleetline::serial
