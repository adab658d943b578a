// SPDX-License-Identifier: Apache-2.0
#include "config/section.hpp"

#include <algorithm>
#include <cmath>
#include <regex>
#include <utility>

namespace fleetline::config {

namespace {

/// Edit distance, for "did you mean".
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, replaced}));
        }
    }
    return row[b.size()];
}

std::string plain(double value) {
    std::string text = std::to_string(value);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
    return text;
}

}  // namespace

void refuse_toml() {
    throw std::runtime_error("is no TOML that can be read");
}

section::section(const toml::table* table, std::string name, std::vector<complaint>& complaints)
    : table_(table), name_(std::move(name)), complaints_(complaints) {}

const toml::node* section::find(std::string_view key) {
    asked_.emplace(key);
    return table_ != nullptr ? table_->get(key) : nullptr;
}

void section::complain(std::string_view key, std::string text) {
    complaint what{0, 0, name_ + " " + std::string(key) + ": " + std::move(text)};
    if (table_ != nullptr) {
        const toml::node* node = table_->get(key);
        const toml::source_region& where = node != nullptr ? node->source() : table_->source();
        what.line = where.begin.line;
        what.column = where.begin.column;
    }
    complaints_.push_back(std::move(what));
}

void section::wrong_type(std::string_view key, std::string_view wanted) {
    complain(key, "must be " + std::string(wanted));
}

void section::require(std::string_view key) {
    asked_.emplace(key);
    const toml::node* node = table_ != nullptr ? table_->get(key) : nullptr;
    const auto* text = node != nullptr ? node->as_string() : nullptr;
    if (node == nullptr)
        complain(key, "is missing");
    else if (text != nullptr && text->get().empty())
        complain(key, "must not be empty");
}

void section::text(std::string_view key, std::string& value) {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    const auto* found = node->as_string();
    if (found == nullptr) return wrong_type(key, "a text in quotes");
    if (std::any_of(found->get().begin(), found->get().end(), [](char c) { return c >= 0 && c < 0x20; }))
        return complain(key, "must not hold control characters");
    value = found->get();
}

void section::choice(std::string_view key, std::string& value,
                     std::initializer_list<std::string_view> allowed) {
    text(key, value);
    if (std::find(allowed.begin(), allowed.end(), value) != allowed.end()) return;
    std::string list;
    for (const auto word : allowed) list += (list.empty() ? "" : ", ") + std::string(word);
    complain(key, "'" + value + "' is not one of " + list);
}

void section::hex(std::string_view key, std::string& value, std::size_t least, std::size_t most) {
    std::string found;
    text(key, found);
    if (found.empty()) return;
    const bool fits = found.size() >= least && found.size() <= most &&
                      found.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
    if (!fits)
        return complain(key, "'" + found + "' must be " +
                                 (least == most ? "" : std::to_string(least) + " to ") +
                                 std::to_string(most) + " hexadecimal digits, without 0x");
    for (char& c : found)
        if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
    value = std::string(most - found.size(), '0') + found;
}

namespace {

/// Where systemd puts the service's credentials. The command line, which is not the service, looks there too.
std::filesystem::path credentials_directory() {
    const char* const given = std::getenv("CREDENTIALS_DIRECTORY");
    return given != nullptr && *given != '\0' ? given : "/run/credentials/fleetlined.service";
}

}  // namespace

void section::path(std::string_view key, std::filesystem::path& value, const std::filesystem::path& base) {
    std::string found;
    text(key, found);
    constexpr std::string_view of_service = "$CREDENTIALS_DIRECTORY/";
    if (found.starts_with(of_service))
        value = credentials_directory() / found.substr(of_service.size());
    else if (!found.empty())
        value = (base / found).lexically_normal();
}

void section::integer(std::string_view key, std::int64_t& value, std::int64_t least, std::int64_t most) {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    const auto* found = node->as_integer();
    if (found == nullptr) return wrong_type(key, "a whole number");
    if (found->get() < least || found->get() > most)
        return complain(key, std::to_string(found->get()) + " is not between " + std::to_string(least) +
                                 " and " + std::to_string(most));
    value = found->get();
}

void section::port(std::string_view key, std::uint16_t& value) {
    std::int64_t found = value;
    integer(key, found, has(key) ? 1 : 0, 65535);
    value = static_cast<std::uint16_t>(found);
}

void section::number(std::string_view key, double& value, double least, double most) {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    const auto found = node->value<double>();
    if (!found || !node->is_number()) return wrong_type(key, "a number");
    if (!std::isfinite(*found) || *found < least || *found > most)
        return complain(key, plain(*found) + " is not between " + plain(least) + " and " + plain(most));
    value = *found;
}

void section::seconds(std::string_view key, milliseconds& value, double least, double most) {
    double found = static_cast<double>(value.count()) / 1000;
    number(key, found, least, most);
    value = milliseconds{std::llround(found * 1000)};
}

void section::expression(std::string_view key, std::string& value) {
    text(key, value);
    try {
        const std::regex tried(value);
    } catch (const std::regex_error& error) {
        complain(key, std::string("is no regular expression: ") + error.what());
    }
}

void section::boolean(std::string_view key, bool& value) {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    const auto* found = node->as_boolean();
    if (found == nullptr) return wrong_type(key, "true or false");
    value = found->get();
}

void section::list(std::string_view key, std::vector<std::string>& value) {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    const auto* found = node->as_array();
    if (found == nullptr) return wrong_type(key, "a list of texts in quotes");
    value.clear();
    for (const toml::node& one : *found) {
        const auto* text = one.as_string();
        if (text == nullptr) return wrong_type(key, "a list of texts in quotes");
        value.push_back(text->get());
    }
}

void section::texts(std::string_view key, std::map<std::string, std::string>& value) {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    const toml::table* found = node->as_table();
    if (found == nullptr) return wrong_type(key, "a table of texts");
    value.clear();
    section inner(found, name_ + "." + std::string(key), complaints_);
    for (const auto& [name, ignored] : *found) inner.text(name.str(), value[std::string(name.str())]);
}

void section::finish() {
    if (table_ == nullptr) return;
    for (const auto& [key, node] : *table_) {
        if (asked_.contains(key.str())) continue;
        std::string text = name_ + " " + std::string(key.str()) + ": is not a known key";
        const auto nearest = std::min_element(
            asked_.begin(), asked_.end(),
            [&k = key](const auto& a, const auto& b) { return distance(a, k.str()) < distance(b, k.str()); });
        if (nearest != asked_.end() && distance(*nearest, key.str()) <= 3)
            text += "; did you mean '" + *nearest + "'?";
        complaints_.push_back({key.source().begin.line, key.source().begin.column, std::move(text)});
    }
}

}  // namespace fleetline::config
