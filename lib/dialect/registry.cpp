// SPDX-License-Identifier: Apache-2.0
#include "dialect/registry.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "core/encoding.hpp"
#include "core/failure.hpp"
#include "dialect/freertos_cli.hpp"

namespace fleetline::dialect {

namespace {

struct dialect_entry {
    std::string_view name;
    serial::port_settings port;
    std::unique_ptr<station::board> (*make)(std::unique_ptr<serial::console>);
};

template <class Board>
std::unique_ptr<station::board> make(std::unique_ptr<serial::console> console) {
    return std::make_unique<Board>(std::move(console));
}

// Sorted by name.
constexpr std::array dialects{
    dialect_entry{"freertos-cli", serial::port_settings{}, &make<freertos_cli>},
};

const dialect_entry* find(std::string_view name) {
    const auto entry =
        std::find_if(dialects.begin(), dialects.end(), [name](const auto& one) { return one.name == name; });
    return entry == dialects.end() ? nullptr : &*entry;
}

const dialect_entry& entry_of(std::string_view name) {
    const auto* entry = find(name);
    if (entry == nullptr)
        throw failure("station-configuration", "Choosing the dialect", printable(name),
                      "there is no such dialect");
    return *entry;
}

}  // namespace

std::vector<std::string_view> dialect_names() {
    std::vector<std::string_view> names;
    names.reserve(std::size(dialects));
    for (const auto& entry : dialects) names.push_back(entry.name);
    return names;
}

bool dialect_exists(std::string_view name) {
    return find(name) != nullptr;
}

serial::port_settings port_settings_of(std::string_view name) {
    return entry_of(name).port;
}

std::unique_ptr<station::board> make_board(std::string_view name, std::unique_ptr<serial::console> console) {
    return entry_of(name).make(std::move(console));
}

}  // namespace fleetline::dialect
