// SPDX-License-Identifier: Apache-2.0
// A good ledger, a directory for what the fuzzer makes of it, and every question that is asked of a ledger.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace fleetline::fuzz {

/// The bytes of a ledger that holds something of everything; always the same ones.
const std::string& good_ledger();

/// A file in a directory of this process, gone with it. (TMPDIR=/dev/shm spares the disk.)
std::filesystem::path scratch(const char* name);

void write(const std::filesystem::path& file, std::string_view bytes);

/// Leaves this ledger alone in its directory: nothing of the last one's log or copies.
void put_alone(const std::filesystem::path& file, std::string_view bytes);

/// What auditors, pages and reports ask: answered, or refused with a failure.
void ask_everything(const std::filesystem::path& file);

/// Likewise what the station asks when it is started, and an event recorded at the end.
void start_station(const std::filesystem::path& file);

/// What audit verify says first; empty: all is well.
std::string first_problem(const std::filesystem::path& file);

/// Tells it and ends the process.
[[noreturn]] void wrong(std::string_view what, std::string_view detail);

}  // namespace fleetline::fuzz
