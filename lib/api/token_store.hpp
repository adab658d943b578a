// SPDX-License-Identifier: Apache-2.0
// Bearer tokens: who holds one and what it lets them do. A small file in the state directory (mode 0600)
// keeps their SHA-256 only; a token itself is told once, when it is made. The CLI changes the file, the
// server looks again when it has changed. Owned by whoever uses it; one thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/role.hpp"
#include "core/time.hpp"

namespace fleetline::api {

class token_store {
  public:
    struct entry {
        std::string name;
        role is = role::operator_role;
        std::string sha256;  ///< of the token's text
        utc_time made_at{};
    };

    explicit token_store(std::filesystem::path file) : file_(std::move(file)) {}

    /// The new token's text, "flt_" and 43 characters: 256 random bits. Throws failure(station-request-invalid) when
    /// the name is taken or not 1 to 64 letters, digits, '.', '-', '_' or '@'; failure(station-configuration)
    /// when the file cannot be read or written.
    std::string make(std::string_view name, role is, utc_time now);

    /// False when there is none of that name.
    bool revoke(std::string_view name);

    std::vector<entry> list();

    /// Nothing: not known, or revoked. A file that cannot be read lets nobody in.
    std::optional<entry> find(std::string_view token);

    /// Whether the token with this SHA-256 is still good.
    bool knows(std::string_view sha256);

  private:
    struct stamp {
        ino_t inode = 0;
        std::int64_t changed_ns = 0, size = 0;
        friend bool operator==(const stamp&, const stamp&) = default;
    };

    void refresh();
    std::vector<entry> read() const;
    void write(const std::vector<entry>& entries) const;

    std::filesystem::path file_;
    stamp seen_;
    std::vector<entry> entries_;
};

}  // namespace fleetline::api
