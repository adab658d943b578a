// SPDX-License-Identifier: Apache-2.0
// Texts that must not be swapped for one another, each a type of its own. Plain values, usable anywhere.
#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <string>
#include <utility>

namespace fleetline {

template <class Tag>
class name {
  public:
    name() = default;
    explicit name(std::string text) : text_(std::move(text)) {}

    const std::string& text() const noexcept { return text_; }
    bool empty() const noexcept { return text_.empty(); }

    friend bool operator==(const name&, const name&) = default;
    friend auto operator<=>(const name&, const name&) = default;

  private:
    std::string text_;
};

using serial_number = name<struct serial_number_tag>;    ///< of a board, as its label says
using slot_name = name<struct slot_name_tag>;            ///< of a fixture, as the line calls it ("A1")
using thing_name = name<struct thing_name_tag>;          ///< AWS IoT thing name
using certificate_id = name<struct certificate_id_tag>;  ///< 64 lower-case hex digits: SHA-256 of the DER
using attempt_id = name<struct attempt_id_tag>;          ///< UUID version 7, unique across stations
using order_name = name<struct order_name_tag>;          ///< of a work order
using product_name = name<struct product_name_tag>;      ///< `[[product]] name` of the configuration

}  // namespace fleetline

template <class Tag>
struct std::hash<fleetline::name<Tag>> {
    std::size_t operator()(const fleetline::name<Tag>& value) const noexcept {
        return std::hash<std::string>{}(value.text());
    }
};
