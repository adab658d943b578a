// SPDX-License-Identifier: Apache-2.0
#include "fixtures.hpp"

#include <algorithm>

#include "core/encoding.hpp"

namespace fleetline::daemon {

namespace {

/// "usb_vendor 0403 is wanted, it has 1366", or an empty text.
std::string misfit(const config::product_section& product, const serial::usb_device& tty) {
    const auto differs = [](const char* key, const std::string& wanted, const std::string& is) {
        if (wanted.empty() || wanted == is) return std::string();
        return key + (" " + wanted) + " is wanted, it has " + (is.empty() ? "none" : printable(is));
    };
    for (const auto& why : {differs("usb_vendor", product.usb_vendor, tty.vendor_id),
                            differs("usb_product", product.usb_product, tty.product_id),
                            differs("usb_interface", product.usb_interface, tty.interface)})
        if (!why.empty()) return why;
    return {};
}

}  // namespace

fixtures::place fixtures::place_for(const serial::usb_device& tty) const {
    const auto slot = std::find_if(settings_.slots.begin(), settings_.slots.end(),
                                   [&](const auto& one) { return one.takes(tty.id_path, tty.interface); });
    if (slot == settings_.slots.end())
        return {nullptr, "A tty that belongs to no slot: port " + printable(tty.id_path) +
                             (tty.interface.empty() ? "" : ", interface " + printable(tty.interface))};
    const auto& product = settings_.product(slot->product);
    const std::string why = misfit(product, tty);
    if (why.empty()) return {&*slot, {}};
    return {nullptr, "A tty at slot " + slot->name.text() + "'s port that product " + product.name.text() +
                         " does not take: " + why};
}

fixtures::place fixtures::plugged(const serial::usb_device& tty) {
    const auto [slot, why_none] = place_for(tty);
    if (slot == nullptr) return {nullptr, why_none};
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
    const auto* slot = place_for(tty).slot;
    if (slot == nullptr) return nullptr;
    const auto there = sitting_.find(slot->name);
    if (there == sitting_.end() || there->second.name != tty.name) return nullptr;
    sitting_.erase(there);
    return slot;
}

}  // namespace fleetline::daemon
