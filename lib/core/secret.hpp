// SPDX-License-Identifier: Apache-2.0
// Bytes that must leave no trace: private keys made here, ownership tokens. Kept in locked memory where the
// limit allows, left out of core dumps, wiped when dropped. Cannot be copied by accident and cannot be
// printed.
#pragma once

#include <cstddef>
#include <string_view>

namespace fleetline {

class secret {
  public:
    secret() noexcept = default;
    explicit secret(std::string_view bytes);
    secret(secret&& other) noexcept;
    secret& operator=(secret&& other) noexcept;
    secret(const secret&) = delete;
    secret& operator=(const secret&) = delete;
    ~secret();

    bool empty() const noexcept { return size_ == 0; }

    /// The bytes, for the one place that needs them. Valid as long as this object is not moved from or
    /// destroyed.
    std::string_view reveal() const noexcept { return {data_, size_}; }

    secret clone() const { return secret(reveal()); }

  private:
    void wipe() noexcept;

    char* data_ = nullptr;
    std::size_t size_ = 0;
    std::size_t mapped_ = 0;
    bool locked_ = false;
};

}  // namespace fleetline
