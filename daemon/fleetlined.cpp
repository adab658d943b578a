// SPDX-License-Identifier: Apache-2.0
// The station's daemon: reads its configuration, builds the parts, runs until SIGTERM.
#include <sys/prctl.h>

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <exception>
#include <iostream>
#include <utility>

#include "app.hpp"
#include "cloud/proxy_environment.hpp"
#include "config/load.hpp"

namespace {

using namespace fleetline;

constexpr int wrong_usage_or_configuration = 2;
constexpr int ledger_unusable = 5;

logger make_logger(const std::string& level) {
    const auto least = level == "debug"     ? log_level::debug
                       : level == "warning" ? log_level::warning
                       : level == "error"   ? log_level::error
                                            : log_level::info;
    return logger(logger::target::automatic, least);
}

void on_signals(boost::asio::signal_set& signals, daemon::app& station) {
    signals.async_wait([&signals, &station](boost::system::error_code error, int number) {
        if (error) return;
        if (number == SIGHUP)
            station.reload();
        else
            station.stop();
        on_signals(signals, station);
    });
}

int exit_code_for(const failure& why) {
    if (why.code() == "station-configuration") return wrong_usage_or_configuration;
    return why.code().rfind("station-ledger-", 0) == 0 ? ledger_unusable : EXIT_FAILURE;
}

void run(const std::filesystem::path& file) {
    config::settings settings = config::load_or_throw(file);
    const logger log = make_logger(settings.station.log_level);
    boost::asio::io_context io{1};
    daemon::app station(std::move(settings), io.get_executor(), log);
    boost::asio::signal_set signals(io, SIGTERM, SIGINT, SIGHUP);
    on_signals(signals, station);
    std::exception_ptr ended;
    boost::asio::co_spawn(io, station.run(), [&ended, &signals](std::exception_ptr why) {
        ended = std::move(why);
        signals.cancel();
    });
    io.run();
    if (ended) std::rethrow_exception(ended);
}

}  // namespace

int main(int argc, char** argv) {
    // Tokens pass through memory that is not ours to wipe (Paho's): no core dump may show them (invariant
    // I2).
    prctl(PR_SET_DUMPABLE, 0);
    cloud::put_proxy_environment_aside();
    CLI::App options{"The fleetline station daemon"};
    std::string file = "/etc/fleetline/fleetline.toml";
    options.add_option("--config", file, "Configuration file")->capture_default_str();
    options.set_version_flag("--version", "fleetlined " FLEETLINE_VERSION);
    try {
        options.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return options.exit(error) == 0 ? EXIT_SUCCESS : wrong_usage_or_configuration;
    }
    try {
        run(file);
        return EXIT_SUCCESS;
    } catch (const failure& why) {
        std::cerr << "fleetlined: " << why.what() << '\n';
        return exit_code_for(why);
    } catch (const std::exception& why) {
        std::cerr << "fleetlined: " << why.what() << '\n';
    }
    return EXIT_FAILURE;
}
