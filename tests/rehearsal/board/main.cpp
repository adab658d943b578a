// SPDX-License-Identifier: Apache-2.0
// fleetline-rehearsal-board: simulated boards on pseudo terminals. README.md beside this file explains it.
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>

#include "control.hpp"
#include "line.hpp"

namespace {

using namespace fleetline::rehearsal_board;

struct options {
    line_settings line;
    std::vector<std::string> serials;
    int count = 0;
    std::string prefix = "SN";
    int first = 1;
    bool no_pace = false;
    long chatter = 0;
    long keygen = 50;
    long csr = 5;
    long erase = 0;
    long boot = 7;
    long watchdog = 2000;
    std::vector<std::string> faults;
    std::string control;
    std::string log;
    bool unplugged = false;
};

void describe(CLI::App& app, options& o) {
    auto& each = o.line.each;
    app.add_option("--usb", o.line.usb, "Directory of the tty links (made if need be)")->required();
    app.add_option("--devices", o.line.devices, "Directory of the boards' flash memories (made if need be)")
        ->required();
    app.add_option("--serial", o.serials, "A board with this serial number; may be repeated");
    app.add_option("--count", o.count, "So many boards, numbered")->check(CLI::NonNegativeNumber);
    app.add_option("--prefix", o.prefix, "Start of numbered serial numbers")->capture_default_str();
    app.add_option("--first", o.first, "First number")->capture_default_str();
    app.add_option("--slot-prefix", o.line.slot_prefix, "Start of the links' names")->capture_default_str();
    app.add_option("--baud", each.baud, "Baud rate")->capture_default_str();
    app.add_flag("--no-pace", o.no_pace, "No baud rate: bytes pass at once");
    app.add_option("--chatter", o.chatter, "A log line every so many ms (0: none)")->capture_default_str();
    app.add_option("--keygen-ms", o.keygen, "Time to make a key pair")->capture_default_str();
    app.add_option("--csr-ms", o.csr, "Time to sign a request")->capture_default_str();
    app.add_option("--flash-erase-ms", o.erase, "Time of each write to flash")->capture_default_str();
    app.add_option("--boot-ms", o.boot, "From power to mounted file system")->capture_default_str();
    app.add_option("--watchdog-ms", o.watchdog, "From crash to reset")->capture_default_str();
    app.add_option("--fault", o.faults, "NAME[=VALUE], for every board: " + fault_set::all());
    app.add_option("--ca", each.default_ca,
                   "CA built into the firmware, used until root_ca_cert is imported");
    app.add_option("--control", o.control, "Socket for commands");
    app.add_option("--log", o.log, "File for the events (standard output if none)");
    app.add_flag("--unplugged", o.unplugged, "Boards are there but not plugged yet");
}

void settle(options& o) {
    using ms = std::chrono::milliseconds;
    auto& each = o.line.each;
    if (o.no_pace) each.baud = 0;
    each.chatter = ms(o.chatter);
    each.times = {ms(o.keygen), ms(o.csr), ms(o.erase), ms(o.boot), ms(o.watchdog)};
    for (const auto& fault : o.faults) {
        const auto equals = fault.find('=');
        const auto name = fault.substr(0, equals);
        if (!fault_set::known(name))
            throw CLI::ValidationError("--fault", name + " is not one of " + fault_set::all());
        each.faults.set(name, equals == std::string::npos ? "" : fault.substr(equals + 1));
    }
    const auto width = std::max<std::size_t>(6, std::to_string(o.first + o.count).size());
    for (int i = 0; i < o.count; ++i) {
        const auto number = std::to_string(o.first + i);
        o.serials.push_back(o.prefix + std::string(width - number.size(), '0') + number);
    }
}

int watch_signals(event_loop& loop) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    const int fd = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    loop.watch(fd, EPOLLIN, [&loop](std::uint32_t) { loop.stop(); });
    return fd;
}

void run(const options& o) {
    event_loop loop;
    const int signals = watch_signals(loop);
    event_log events(o.log);
    line boards(loop, events, o.line);
    std::unique_ptr<control_socket> control;
    if (!o.control.empty())
        control = std::make_unique<control_socket>(
            loop, o.control, [&](const std::string& text) { return boards.command(text); });
    for (const auto& serial : o.serials) {
        auto& added = boards.add(serial);
        if (!o.unplugged) added.plug();
    }
    events.write("ready", "", "", {{"boards", static_cast<long>(o.serials.size())}});
    loop.run();
    boards.unplug_all();
    ::close(signals);
}

}  // namespace

int main(int argc, char** argv) {
    options o;
    CLI::App app("Simulated boards for fleetline's rehearsal", "fleetline-rehearsal-board");
    describe(app, o);
    try {
        app.parse(argc, argv);
        settle(o);
    } catch (const CLI::ParseError& e) {
        return app.exit(e) == 0 ? 0 : 2;
    }
    try {
        run(o);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "fleetline-rehearsal-board: %s\n", e.what());
        return 1;
    }
    return 0;
}
