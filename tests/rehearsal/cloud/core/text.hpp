// SPDX-License-Identifier: Apache-2.0
// Small helpers on bytes, text, time and files that the whole rehearsal cloud uses. All functions are pure
// but those on files and randomness; any thread. Failures of the operating system throw std::runtime_error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fleetline::rehearsal {

std::string to_hex(std::string_view bytes);
std::string sha256(std::string_view bytes);  // 32 raw bytes
std::string sha256_hex(std::string_view bytes);
std::string base64_encode(std::string_view bytes);
std::optional<std::string> base64_decode(std::string_view text);
std::string random_bytes(std::size_t count);
std::string random_uuid();
bool is_utf8(std::string_view text);
std::vector<std::string> split(std::string_view text, char by);

std::int64_t wall_clock_ms();                // since 1970, UTC
std::string rfc3339(std::int64_t epoch_ms);  // 2026-11-24T08:00:00.123Z

std::optional<std::string> read_file(const std::filesystem::path& path);
// Readers see the old content or the new, never half of it. The mode is that of the new file.
void write_file(const std::filesystem::path& path, std::string_view content, unsigned mode = 0644);

}  // namespace fleetline::rehearsal
