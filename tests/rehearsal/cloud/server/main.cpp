// SPDX-License-Identifier: Apache-2.0
// fleetline-rehearsal-cloud: a local stand-in for AWS IoT Core. See README.md beside this folder.
#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "server/options.hpp"
#include "server/supervisor.hpp"

namespace {

using namespace fleetline::rehearsal;

void redirect_log(const std::filesystem::path& file) {
    if (file.empty()) return;
    const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0) throw std::runtime_error("cannot open the log " + file.string());
    ::dup2(fd, STDERR_FILENO);
    ::close(fd);
}

int run(const options& chosen) {
    std::filesystem::create_directories(chosen.folder);
    std::filesystem::remove(chosen.folder / "env");
    redirect_log(chosen.log_file);
    supervisor cloud{chosen};
    std::cout << "ready: MQTT localhost:" << cloud.mqtt_port() << ", HTTP 127.0.0.1:" << cloud.http_port()
              << std::endl;
    return cloud.run();
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
        ->allow_extra_args(false);
    CLI11_PARSE(app, argc, argv);
    try {
        return run(chosen);
    } catch (const std::exception& problem) {
        std::cerr << "fleetline-rehearsal-cloud: " << problem.what() << '\n';
        return 1;
    }
}
