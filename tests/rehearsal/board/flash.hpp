// SPDX-License-Identifier: Apache-2.0
// The board's non-volatile memory: the directory DEVICES/SERIAL, one file an object. Survives everything but
// rm.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace fleetline::rehearsal_board {

class flash {
  public:
    // Makes the directory. blank() tells whether it was not there.
    explicit flash(std::filesystem::path directory);

    bool blank() const { return blank_; }
    void formatted() { blank_ = false; }
    const std::filesystem::path& directory() const { return directory_; }
    std::filesystem::path path(std::string_view file) const { return directory_ / file; }
    std::string read(std::string_view file) const;
    bool has(std::string_view file) const;
    // Throws std::runtime_error. A secret is readable by its owner only.
    void write(std::string_view file, const std::string& content, bool secret = false);

    static constexpr std::string_view private_key = "private_key.pem";
    static constexpr std::string_view certificate = "certificate.pem";
    static constexpr std::string_view ca = "ca.pem";

  private:
    std::filesystem::path directory_;
    bool blank_;
};

// The firmware's key-value store: six settings, changes staged in RAM until committed.
class settings_store {
  public:
    struct entry {
        std::string_view name;
        std::string_view file;
        bool number;
        std::string_view initial;
    };
    static constexpr std::array<entry, 6> keys{{{"thing_name", "thing_name", false, ""},
                                                {"mqtt_endpoint", "endpoint", false, ""},
                                                {"mqtt_port", "port", true, "8883"},
                                                {"wifi_ssid", "wifi_ssid", false, ""},
                                                {"wifi_credential", "wifi_credential", false, ""},
                                                {"time_hwm", "time_hwm", true, "0"}}};

    // Reads what was committed.
    explicit settings_store(flash& memory);

    static std::optional<std::size_t> find(std::string_view name);
    const std::string& get(std::size_t index) const { return values_.at(index); }
    const std::string& get(std::string_view name) const { return values_.at(find(name).value()); }
    void set(std::size_t index, std::string value) { values_.at(index) = std::move(value); }
    void commit();

  private:
    flash& memory_;
    std::array<std::string, keys.size()> values_;
};

// strtoul on the 32-bit target: what is no number is 0, what is too large is the largest, minus wraps.
std::uint32_t parse_number(const std::string& text);

}  // namespace fleetline::rehearsal_board
