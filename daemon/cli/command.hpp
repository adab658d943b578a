// SPDX-License-Identifier: Apache-2.0
// What every command gets, and how one joins the program: a function that adds its words and options to the
// command line (words.hpp) and what is done when it is meant. One file per command; the table is in
// commands.cpp.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "cli/exit_status.hpp"
#include "cli/screen.hpp"
#include "cli/words.hpp"
#include "config/settings.hpp"
#include "core/time.hpp"
#include "ledger/ledger.hpp"
#include "ledger/reader.hpp"

namespace fleetline::cli {

/// The world of one command: where to print, what is configured, the ledger. Opened when first asked for.
class surroundings {
  public:
    surroundings(screen& to, std::filesystem::path config_file, bool json, utc_time when)
        : out(to), wants_json(json), now(when), config_file_(std::move(config_file)) {}

    /// Throws command_error: usage (2) with every complaint, or not permitted (4).
    const config::settings& settings();

    /// Throws command_error: ledger unusable (5) or not permitted (4).
    const ledger::reader& ledger();

    /// For what writes into the ledger itself: never makes one. Throws command_error as ledger() does.
    ledger::options station_ledger();

    const std::filesystem::path& config_file() const noexcept { return config_file_; }

    screen& out;
    bool wants_json;
    utc_time now;

  private:
    std::filesystem::path config_file_;
    std::optional<config::settings> settings_;
    std::unique_ptr<ledger::reader> ledger_;
};

/// The command line as it was understood.
struct command_line {
    std::string config_file = "/etc/fleetline/fleetline.toml";
    bool json = false;
    action chosen;
};

/// The program's commands in the order of its help.
struct command {
    std::string_view name;
    void (*add)(words& parent);
};
std::span<const command> commands();

void add_status(words& parent);
void add_watch(words& parent);
void add_show(words& parent);
void add_devices(words& parent);
void add_attempts(words& parent);
void add_certificates(words& parent);
void add_mark_revoked(words& certificates);
void add_report(words& parent);
void add_audit(words& parent);
void add_stats(words& parent);
void add_order(words& parent);
void add_scan(words& parent);
void add_sign_on(words& parent);
void add_retry(words& parent);
void add_rework(words& parent);
void add_token(words& parent);
void add_backup(words& parent);
void add_restore(words& parent);
void add_config(words& parent);
void add_slots(words& parent);
void add_doctor(words& parent);

}  // namespace fleetline::cli
