// SPDX-License-Identifier: Apache-2.0
// The session's way out: through an HTTP proxy, and past the environment's.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "broker.hpp"
#include "cloud/checkup.hpp"
#include "cloud/command.hpp"
#include "cloud/proxy_environment.hpp"
#include "connect_proxy.hpp"
#include "line.hpp"

using namespace fleetline;
using namespace fleetline::tests;
namespace asio = boost::asio;

namespace {

/// TCP_NODELAY of this process's connections to that port.
std::vector<int> no_delay_of(std::uint16_t peer_port) {
    std::vector<int> found;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        const int descriptor = std::stoi(entry.path().filename().string());
        sockaddr_in address{};
        socklen_t size = sizeof address;
        if (getpeername(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) continue;
        if (address.sin_family != AF_INET || ntohs(address.sin_port) != peer_port) continue;
        int on = 0;
        socklen_t length = sizeof on;
        getsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, &length);
        found.push_back(on == 0 ? 0 : 1);
    }
    return found;
}

/// Whether the session comes up; while it is, its connections to `port`.
bool comes_up(const cloud::session_settings& settings, std::uint16_t port, std::vector<int>& no_delay) {
    running_session line(settings);
    bool up = false;
    const auto look = [&]() -> asio::awaitable<void> {
        up = co_await within(line.time, milliseconds{10'000}, line.session.available());
        no_delay = no_delay_of(port);
    };
    line.during(look());
    if (!line.notes.statuses.empty()) UNSCOPED_INFO(line.notes.statuses.front().trouble);
    return up;
}

std::vector<cloud::checkup_step> steps_of(const cloud::session_settings& settings) {
    asio::io_context io{1};
    system_time_source time;
    const logger log(logger::target::nowhere);
    std::vector<cloud::checkup_step> steps;
    cloud::checkup_wishes wishes;
    wishes.sign_in = false;
    std::exception_ptr error;
    asio::co_spawn(io, cloud::check_up(settings, time, log, wishes, steps),
                   [&error](std::exception_ptr why) { error = std::move(why); });
    io.run();
    if (error) std::rethrow_exception(error);
    return steps;
}

}  // namespace

TEST_CASE("the socket of the session has TCP_NODELAY", "[cloud]") {
    broker mosquitto;
    mosquitto.start();
    std::vector<int> no_delay;
    CHECK(comes_up(mosquitto.settings(), mosquitto.tls_port, no_delay));
    CHECK(no_delay == std::vector<int>{1});
}

TEST_CASE("the session and the check-up go through the proxy", "[cloud][proxy]") {
    struct row {
        std::string wanted;  ///< of whoever comes
        std::string before;  ///< of the host, in the URL
        std::string after;
    };
    const auto [wanted, before, after] = GENERATE(values<row>({
        {"", "http://", ""},
        {"", "http://", "/"},
        {"", "", ""},
        {"line:s3cret", "http://line:s3cret@", ""},
        {"CORP\\line 1:p@s/s%:x", "http://CORP%5Cline%201:p%40s%2Fs%25:x@", "/"},
    }));
    broker mosquitto;
    mosquitto.start();
    const connect_proxy proxy(wanted);
    auto settings = mosquitto.settings();
    std::filesystem::permissions(settings.claim.key_file, std::filesystem::perms::owner_read);
    settings.proxy.url = before + "127.0.0.1:" + std::to_string(proxy.port()) + after;
    CAPTURE(settings.proxy.url);

    std::vector<int> no_delay;
    CHECK(comes_up(settings, proxy.port(), no_delay));
    CHECK(no_delay == std::vector<int>{1});
    const auto target = "CONNECT localhost:" + std::to_string(mosquitto.tls_port) + " HTTP/1.1";
    CHECK(proxy.requests() == std::vector<std::string>{target});

    for (const auto& step : steps_of(settings)) {
        INFO(step.what << ": " << step.text);
        CHECK(step.is == cloud::checkup_step::state::good);
    }
    CHECK(proxy.requests() == std::vector<std::string>{target, target});
}

TEST_CASE("a proxy that wants another password is named", "[cloud][proxy]") {
    broker mosquitto;
    mosquitto.start();
    const connect_proxy proxy("line:s3cret");
    auto settings = mosquitto.settings();
    settings.proxy.url = "http://line:wrong@127.0.0.1:" + std::to_string(proxy.port());
    running_session line(settings);
    const auto look = [&]() -> asio::awaitable<void> {
        while (line.notes.statuses.empty()) co_await line.time.wait_for(milliseconds{5});
    };
    line.during(look());

    const auto& status = line.notes.statuses.front();
    CHECK(status.trouble_code == "cloud-proxy-failed");
    CHECK(status.trouble.find("407 Who are you") != std::string::npos);
    CHECK(status.trouble.find("wrong") == std::string::npos);
}

TEST_CASE("the environment's proxy is not the session's; programs see it", "[cloud][proxy]") {
    broker mosquitto;
    mosquitto.start();
    const auto nobody = "http://127.0.0.1:" + std::to_string(free_port());
    setenv("https_proxy", nobody.c_str(), 1);
    setenv("http_proxy", "http://50%:x@nowhere.invalid:1", 1);
    cloud::put_proxy_environment_aside();
    cloud::put_proxy_environment_aside();  // a second time there is nothing left

    std::vector<int> no_delay;
    CHECK(comes_up(mosquitto.settings(), mosquitto.tls_port, no_delay));

    asio::io_context io{1};
    system_time_source time;
    std::string printed;
    const auto ask = [&]() -> asio::awaitable<void> {
        std::vector<std::string> words{"/bin/sh", "-c", "printf '%s %s' \"$https_proxy\" \"$PATH\""};
        const auto result = co_await cloud::run_command(time, std::move(words), milliseconds{5'000});
        printed = result.output.reveal();
    };
    asio::co_spawn(io, ask(), asio::detached);
    io.run();
    CHECK(printed == nobody + " " + std::getenv("PATH"));
}
