// SPDX-License-Identifier: Apache-2.0
#include "cli/discovery.hpp"

#include <algorithm>
#include <charconv>

#include "cli/text.hpp"

namespace fleetline::cli {

namespace {

constexpr std::size_t longest_name = 64;

/// The physical port: ID_PATH without ":CONFIGURATION.INTERFACE", as a slot's `port` may be written.
std::string port_of(const serial::usb_device& tty) {
    config::slot_section slot;
    slot.port = tty.id_path.substr(0, tty.id_path.rfind(':'));
    return slot.takes(tty.id_path, tty.interface) ? slot.port : tty.id_path;
}

std::string ids_of(const serial::usb_device& tty) {
    return (tty.vendor_id.empty() ? "????" : tty.vendor_id) + ':' +
           (tty.product_id.empty() ? "????" : tty.product_id);
}

std::string about(const serial::usb_device& tty) {
    std::string text = tty.node + "  " + ids_of(tty);
    if (!tty.interface.empty()) text += "  interface " + tty.interface;
    if (!tty.serial.empty()) text += "  serial " + safe_text(tty.serial);
    return text;
}

std::string trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

bool takes_such(const config::product_section& product, const serial::usb_device& tty) {
    const auto fits = [](const std::string& wanted, const std::string& is) {
        return wanted.empty() || wanted == is;
    };
    return fits(product.usb_vendor, tty.vendor_id) && fits(product.usb_product, tty.product_id) &&
           fits(product.usb_interface, tty.interface);
}

}  // namespace

std::string discovery::begin(const std::vector<serial::usb_device>& there) {
    std::string text;
    for (const auto& tty : there) text += "There already: " + about(tty) + "  at " + tty.id_path + '\n';
    if (!there.empty()) text += "To name the slot of such a board, unplug it and plug it again.\n";
    return text + "Plug a board into each fixture in turn.\n" + next();
}

std::string discovery::next() {
    if (boards_.empty()) {
        state_ = state::waiting;
        return "\nWaiting for a board (Enter when all fixtures are named): ";
    }
    state_ = state::settling;
    return {};
}

std::string discovery::plugged(const serial::usb_device& tty) {
    if (ended()) return {};
    if (tty.id_path.empty())
        return "\nudev knows no port (ID_PATH) of " + tty.node + ": it can be no slot.\n";
    const auto port = port_of(tty);
    const auto known =
        std::find_if(boards_.begin(), boards_.end(), [&](const auto& one) { return one.port == port; });
    const bool talked_about = known == boards_.begin();  // or nothing is
    if (known == boards_.end())
        boards_.push_back({port, {tty}});
    else
        known->ttys.push_back(tty);
    if (!talked_about || state_ == state::settling) return {};
    state_ = state::settling;  // for a tty that came late: all of its board again
    return "\n";
}

std::string discovery::unplugged(const serial::usb_device& tty) {
    for (auto at = boards_.begin(); at != boards_.end(); ++at) {
        const auto gone = std::erase_if(at->ttys, [&](const auto& one) { return one.name == tty.name; });
        if (gone == 0) continue;
        if (!at->ttys.empty()) return {};
        const bool talked_about = at == boards_.begin() && !ended();
        boards_.erase(at);
        return talked_about ? "\nThat board is gone.\n" + next() : std::string{};
    }
    return {};
}

std::string discovery::settled() {
    return settling() && !boards_.empty() ? introduce() : std::string{};
}

std::string discovery::introduce() {
    auto& ttys = boards_.front().ttys;
    std::sort(ttys.begin(), ttys.end(), [](const auto& a, const auto& b) { return a.id_path < b.id_path; });
    std::string text = "A board at " + boards_.front().port + '\n';
    if (ttys.size() == 1) {
        console_ = ttys.front();
        return text + "  " + about(console_) + '\n' + ask_name();
    }
    for (std::size_t i = 0; i < ttys.size(); ++i)
        text += "  " + std::to_string(i + 1) + "  " + about(ttys[i]) + '\n';
    state_ = state::choosing;
    return text + "Which of them is the console (1 to " + std::to_string(ttys.size()) +
           ", Enter: leave this board out)? ";
}

std::string discovery::ask_name() {
    state_ = state::naming;
    std::string text;
    if (configured_ != nullptr &&
        std::none_of(configured_->products.begin(), configured_->products.end(),
                     [this](const auto& product) { return takes_such(product, console_); }))
        text += "No [[product]] of the configuration takes " + ids_of(console_) +
                ": see usb_vendor, usb_product, usb_interface there.\n";
    const auto name = already();
    if (!name.empty()) text += "This is slot " + safe_text(name) + " already.\n";
    return text + "The slot's name (Enter: leave this board out): ";
}

/// The name that this console's place has.
std::string discovery::already() const {
    for (const auto& one : found_)
        if (one.tty.id_path == console_.id_path && one.tty.interface == console_.interface) return one.name;
    if (configured_ == nullptr) return {};
    for (const auto& slot : configured_->slots)
        if (slot.takes(console_.id_path, console_.interface)) return slot.name.text();
    return {};
}

std::string discovery::line(std::string_view text) {
    switch (state_) {
        case state::waiting: end(); return {};
        case state::choosing: return chosen(text);
        case state::naming: return named(text);
        case state::settling:
        case state::ended: return {};
    }
    return {};
}

std::string discovery::chosen(std::string_view text) {
    const auto answer = trimmed(text);
    const auto& ttys = boards_.front().ttys;
    if (answer.empty()) {
        boards_.pop_front();
        return next();
    }
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(answer.data(), answer.data() + answer.size(), number);
    if (error != std::errc{} || end != answer.data() + answer.size() || number < 1 || number > ttys.size())
        return "A number from 1 to " + std::to_string(ttys.size()) + ": ";
    console_ = ttys[number - 1];
    return ask_name();
}

std::string discovery::why_not(const std::string& name) const {
    if (name.size() > longest_name) return "a name has at most 64 bytes";
    if (safe_text(name) != name || name.find_first_of("\"\\") != std::string::npos)
        return "a name has no quotes, backslashes or control characters";
    for (const auto& one : found_)
        if (one.name == name && one.tty.id_path != console_.id_path)
            return name + " is the slot at " + one.tty.id_path;
    if (configured_ == nullptr) return {};
    for (const auto& slot : configured_->slots)
        if (slot.name.text() == name && !slot.takes(console_.id_path, console_.interface))
            return name + " is in the configuration already, at " + safe_text(slot.port);
    return {};
}

std::string discovery::named(std::string_view text) {
    const auto name = trimmed(text);
    if (!name.empty()) {
        const auto objection = why_not(name);
        if (!objection.empty()) return "Another name, please: " + objection + ": ";
        std::erase_if(found_, [this](const auto& one) { return one.tty.id_path == console_.id_path; });
        found_.push_back({name, console_, boards_.front().ttys.size() > 1});
    }
    boards_.pop_front();
    return (name.empty() ? "Left out.\n" : name + ": " + console_.id_path + '\n') + next();
}

std::string discovery::entries() const {
    std::string text;
    for (const auto& one : found_) {
        text += (text.empty() ? "" : "\n") + std::string("[[slot]]  # ") + ids_of(one.tty) + "\nname = \"" + one.name +
                "\"\nport = \"" + one.tty.id_path + "\"\n";
        if (one.one_of_several && !one.tty.interface.empty())
            text += "interface = \"" + one.tty.interface + "\"\n";
        if (configured_ != nullptr && configured_->products.size() > 1) {
            text += "#product = \"\"  # one of:";
            for (const auto& product : configured_->products) text += ' ' + safe_text(product.name.text());
            text += '\n';
        }
    }
    return text;
}

}  // namespace fleetline::cli
