// SPDX-License-Identifier: Apache-2.0
// fleetline-rehearsal-cloud: a local stand-in for AWS IoT Core. See README.md beside this folder.
#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <iostream>

#include "core/text.hpp"
#include "server/bootstrap.hpp"
#include "server/broker.hpp"
#include "server/http_server.hpp"
#include "server/options.hpp"

namespace {

using namespace fleetline::rehearsal;

std::filesystem::path plugin_beside_program() {
    const auto program = std::filesystem::read_symlink("/proc/self/exe");
    return program.parent_path().parent_path() / "lib" / "fleetline_rehearsal_cloud.so";
}

void redirect_log(const std::filesystem::path& file) {
    if (file.empty()) return;
    const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0) throw std::runtime_error("cannot open the log " + file.string());
    ::dup2(fd, STDERR_FILENO);
    ::close(fd);
}

void write_environment(const options& chosen, std::uint16_t port, std::uint16_t http_port) {
    const auto ca = std::filesystem::absolute(chosen.folder / "ca.pem");
    write_file(chosen.folder / "env", "IOT_HOST=localhost\nIOT_PORT=" + std::to_string(port) +
                                          "\nAWS_ENDPOINT_URL=http://127.0.0.1:" + std::to_string(http_port) +
                                          "\nCLOUD_CA='" + ca.string() + "'\n");
}

http_response serve(const http_request& request) {
    return {
        501, "{\"message\":\"" + request.method + " is not part of the rehearsal\"}", "application/json", {}};
}

int run(const options& chosen) {
    std::filesystem::create_directories(chosen.folder);
    std::filesystem::remove(chosen.folder / "env");
    redirect_log(chosen.log_file);
    registry known{chosen.folder / "registry.db"};
    bootstrap(chosen, known);

    boost::asio::io_context loop;
    boost::asio::signal_set stop_signals{loop, SIGINT, SIGTERM};
    broker mosquitto{chosen, chosen.port != 0 ? chosen.port : free_port(), plugin_beside_program()};
    mosquitto.start();
    const http_server http{chosen.http_port, serve};
    write_environment(chosen, mosquitto.port(), http.port());
    std::cout << "ready: MQTT localhost:" << mosquitto.port() << ", HTTP 127.0.0.1:" << http.port()
              << std::endl;

    int status = 0;
    stop_signals.async_wait([&](boost::system::error_code, int) { loop.stop(); });
    boost::asio::signal_set child_signal{loop, SIGCHLD};
    child_signal.async_wait([&](boost::system::error_code, int) {
        std::cerr << "fleetline-rehearsal-cloud: mosquitto ended by itself\n";
        status = 1;
        loop.stop();
    });
    loop.run();
    mosquitto.stop();
    return status;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{
        "A local stand-in for AWS IoT Core: MQTT with fleet provisioning, and a control plane over HTTP"};
    fleetline::rehearsal::options chosen;
    app.add_option("--dir", chosen.folder, "where the cloud lives; made at the first start")->required();
    app.add_option("--port", chosen.port, "MQTT port; 0 picks a free one");
    app.add_option("--http-port", chosen.http_port, "HTTP port; 0 picks a free one");
    app.add_option("--rtt", chosen.rtt_ms, "milliseconds of round trip to put on the MQTT line");
    app.add_option("--token-lifetime", chosen.token_lifetime_s, "seconds an ownership token is good for");
    app.add_option("--claim-lifetime", chosen.claim_lifetime_s, "seconds a provisioning claim is good for");
    app.add_option("--template", chosen.template_name, "name of the template made at the first start");
    app.add_option("--region", chosen.region, "region in the ARNs");
    app.add_option("--log", chosen.log_file, "file for the log; default stderr");
    app.add_option("--limit", chosen.limits, "NAME=NUMBER, a broker limit; 0 switches it off")
        ->expected(1)
        ->allow_extra_args(false);
    CLI11_PARSE(app, argc, argv);
    try {
        return run(chosen);
    } catch (const std::exception& problem) {
        std::cerr << "fleetline-rehearsal-cloud: " << problem.what() << '\n';
        return 1;
    }
}
