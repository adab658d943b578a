// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "cli/command.hpp"
#include "config/load.hpp"
#include "core/failure.hpp"

namespace fleetline::cli {

namespace {

std::string advice_for_missing(const std::filesystem::path& ledger) {
    if (::access((ledger.parent_path() / "station.key").c_str(), F_OK) != 0)
        return "The daemon makes it when it is first started.";
    return "The station has worked before. Put a backup in its place with 'fleetline restore'.";
}

}  // namespace

const config::settings& surroundings::settings() {
    if (settings_) return *settings_;
    if (::access(config_file_.c_str(), R_OK) != 0) {
        const int why = errno;
        throw command_error(
            why == EACCES ? exit_status::not_permitted : exit_status::usage,
            "cannot read the configuration " + config_file_.string() + ": " + std::strerror(why),
            why == EACCES ? "Be in the group 'fleetline', or use sudo."
                          : "Name the station's configuration with --config FILE.");
    }
    auto loaded = config::load(config_file_);
    if (!loaded.complaints.empty()) {
        std::string text = config::describe(loaded);
        while (text.ends_with('\n')) text.pop_back();
        throw command_error(exit_status::usage, "the configuration is wrong\n" + text);
    }
    return settings_.emplace(std::move(loaded.value));
}

ledger::options surroundings::station_ledger() {
    ledger();  // it is there, and may be read
    const auto& given = settings();
    if (::access(given.ledger.file.c_str(), W_OK) != 0)
        throw command_error(
            exit_status::not_permitted,
            "you may not write the ledger " + given.ledger.file.string() + ": " + std::strerror(errno),
            "Be the user 'fleetline', or use sudo.");
    ledger::options to;
    to.file = given.ledger.file;
    to.station = given.station.id;
    to.create = false;
    to.key_directory = given.ledger.file.parent_path();
    to.checkpoint_file = given.ledger.checkpoint_file;
    return to;
}

const ledger::reader& surroundings::ledger() {
    if (ledger_) return *ledger_;
    const auto& file = settings().ledger.file;
    if (::access(file.c_str(), R_OK) != 0) {
        const int why = errno;
        if (why == EACCES)
            throw command_error(exit_status::not_permitted, "you may not read the ledger " + file.string(),
                                "Be in the group 'fleetline', or use sudo.");
        throw command_error(exit_status::ledger_unusable,
                            "cannot read the ledger " + file.string() + ": " + std::strerror(why),
                            why == ENOENT ? advice_for_missing(file) : "");
    }
    ledger_ = std::make_unique<ledger::reader>(file);
    return *ledger_;
}

}  // namespace fleetline::cli
