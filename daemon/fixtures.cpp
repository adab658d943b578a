// SPDX-License-Identifier: Apache-2.0
#include "fixtures.hpp"

#include <algorithm>

#include "core/encoding.hpp"

namespace fleetline::daemon {

const config::slot_section* fixtures::slot_for(const serial::usb_device& tty) const {
    const auto fits = [](const std::string& wanted, const std::string& is) {
        return wanted.empty() || wanted == is;
    };
    const auto found = std::find_if(settings_.slots.begin(), settings_.slots.end(), [&](const auto& slot) {
        if (!slot.takes(tty.id_path, tty.interface)) return false;
        const auto& product = settings_.product(slot.product);
        return fits(product.usb_vendor, tty.vendor_id) && fits(product.usb_product, tty.product_id) &&
               fits(product.usb_interface, tty.interface);
    });
    return found != settings_.slots.end() ? &*found : nullptr;
}

fixtures::place fixtures::plugged(const serial::usb_device& tty) {
    const auto* slot = slot_for(tty);
    if (slot == nullptr) return {nullptr, "A tty that belongs to no slot: port " + printable(tty.id_path)};
    const auto [there, is_free] = sitting_.try_emplace(slot->name, tty);
    if (is_free) return {slot, {}};
    // At the same port and interface it is the board that came back before its old tty was told to be gone.
    if (there->second.id_path != tty.id_path || there->second.interface != tty.interface)
        return {nullptr, "Slot " + slot->name.text() + " has " + printable(there->second.node) +
                             " already: its board shows several ttys, so give the slot an interface"};
    there->second = tty;
    return {slot, {}};
}

const config::slot_section* fixtures::unplugged(const serial::usb_device& tty) {
    const auto* slot = slot_for(tty);
    if (slot == nullptr) return nullptr;
    const auto there = sitting_.find(slot->name);
    if (there == sitting_.end() || there->second.name != tty.name) return nullptr;
    sitting_.erase(there);
    return slot;
}

}  // namespace fleetline::daemon
