// SPDX-License-Identifier: Apache-2.0
// One table of the configuration while it is read: typed getters that collect complaints and notice keys
// nobody asked for. Not included outside lib/config.
#pragma once

#include <filesystem>
#include <initializer_list>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "config/load.hpp"

// toml++ 3.3 asserts in its parser what some malformed files do not fulfil, and with NDEBUG turns those
// assertions into "cannot happen" hints to the optimiser. Here they end the parse instead.
namespace fleetline::config {
[[noreturn]] void refuse_toml();
}
#undef NDEBUG
#define TOML_ASSERT(expression) (static_cast<bool>(expression) ? void() : fleetline::config::refuse_toml())
#include <toml++/toml.h>

namespace fleetline::config {

class section {
  public:
    /// `table` may be null: every getter then keeps its default. `name` is for complaints ("[cloud]").
    section(const toml::table* table, std::string name, std::vector<complaint>& complaints);

    bool present() const { return table_ != nullptr; }
    bool has(std::string_view key) const { return table_ != nullptr && table_->contains(key); }

    void text(std::string_view key, std::string& value);
    void choice(std::string_view key, std::string& value, std::initializer_list<std::string_view> allowed);
    /// A hexadecimal number as udev writes it: lower case, with leading zeros to `most` digits. Empty: none.
    void hex(std::string_view key, std::string& value, std::size_t least, std::size_t most);
    void expression(std::string_view key, std::string& value);  ///< an ECMAScript regular expression
    /// A relative one is relative to `base`; "$CREDENTIALS_DIRECTORY/NAME" is a credential of systemd's.
    void path(std::string_view key, std::filesystem::path& value, const std::filesystem::path& base);
    void integer(std::string_view key, std::int64_t& value, std::int64_t least, std::int64_t most);
    void port(std::string_view key, std::uint16_t& value);
    void number(std::string_view key, double& value, double least, double most);
    void seconds(std::string_view key, milliseconds& value, double least, double most);
    void boolean(std::string_view key, bool& value);
    void list(std::string_view key, std::vector<std::string>& value);
    void texts(std::string_view key, std::map<std::string, std::string>& value);

    void require(std::string_view key);

    /// Complains at the key, or at the table if the key is not there.
    void complain(std::string_view key, std::string text);

    /// Complains of every key that no getter asked for.
    void finish();

  private:
    const toml::node* find(std::string_view key);
    void wrong_type(std::string_view key, std::string_view wanted);

    const toml::table* table_;
    std::string name_;
    std::vector<complaint>& complaints_;
    std::set<std::string, std::less<>> asked_;
};

}  // namespace fleetline::config
