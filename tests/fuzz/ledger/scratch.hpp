// SPDX-License-Identifier: Apache-2.0
// A good ledger (FLEETLINE_FUZZ_LEDGER, from make_ledger), and a place for what the fuzzer makes of it.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace fleetline::fuzz {

inline std::string contents(const std::filesystem::path& file) {
    std::ifstream from{file, std::ios::binary};
    return {std::istreambuf_iterator<char>{from}, {}};
}

inline void write(const std::filesystem::path& file, const std::string& bytes) {
    std::ofstream{file, std::ios::binary} << bytes;
}

inline const std::string& good_ledger() {
    static const std::string bytes = [] {
        const char* file = std::getenv("FLEETLINE_FUZZ_LEDGER");
        std::string found = file == nullptr ? std::string() : contents(file);
        if (found.empty()) {
            std::fputs("FLEETLINE_FUZZ_LEDGER must name a ledger: make_ledger FILE\n", stderr);
            std::exit(2);
        }
        return found;
    }();
    return bytes;
}

inline std::filesystem::path scratch(const char* name) {
    static const auto directory = [] {
        std::string made = "/dev/shm/fleetline-fuzz-XXXXXX";
        return std::filesystem::path(::mkdtemp(made.data()) == nullptr ? "/tmp" : made);
    }();
    return directory / name;
}

/// The input as patches: three bytes of place, one of length, then so many bytes.
inline std::string patched(std::string bytes, const std::uint8_t* data, std::size_t size) {
    while (size > 4) {
        const std::size_t at =
            (data[0] | data[1] << 8U | static_cast<std::size_t>(data[2]) << 16U) % bytes.size();
        const std::size_t length = std::min<std::size_t>({data[3] % 32U + 1, size - 4, bytes.size() - at});
        for (std::size_t i = 0; i < length; ++i) bytes[at + i] = static_cast<char>(data[4 + i]);
        data += 4 + length;
        size -= 4 + length;
    }
    return bytes;
}

}  // namespace fleetline::fuzz
