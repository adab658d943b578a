// SPDX-License-Identifier: Apache-2.0
#include "server/supervisor.hpp"

#include <boost/asio/post.hpp>
#include <csignal>
#include <future>
#include <iostream>
#include <nlohmann/json.hpp>

#include "core/text.hpp"
#include "server/bootstrap.hpp"
#include "server/control_plane.hpp"
#include "server/rehearsal_routes.hpp"

namespace fleetline::rehearsal {
namespace {

std::filesystem::path plugin_beside_program() {
    const auto program = std::filesystem::read_symlink("/proc/self/exe");
    return program.parent_path().parent_path() / "lib" / "fleetline_rehearsal_cloud.so";
}

// With a proxy in front, the port asked for is the proxy's.
std::uint16_t broker_port(const options& chosen) {
    return chosen.port != 0 && chosen.rtt_ms == 0 ? chosen.port : free_port();
}

// As it is where a shell takes it so; else in quotes.
std::string shell_word(const std::string& text) {
    const bool plain =
        text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+") ==
        std::string::npos;
    if (plain) return text;
    std::string quoted = "'";
    for (const char c : text) quoted += c == '\'' ? std::string{"'\\''"} : std::string{c};
    return quoted + "'";
}

registry prepared(const options& chosen) {
    registry known{chosen.folder / "registry.db"};
    bootstrap(chosen, known);
    for (const fault_record& fault : known.faults()) {  // an outage ends with the cloud that had it
        if (nlohmann::json::parse(fault.spec).value("kind", "") == "outage") known.delete_fault(fault.id);
    }
    return known;
}

}  // namespace

supervisor::supervisor(const options& chosen)
    : options_(chosen),
      registry_(prepared(chosen)),
      authority_(chosen.folder),
      stop_signals_(loop_, SIGINT, SIGTERM),
      child_signals_(loop_, SIGCHLD),
      outage_ends_(loop_),
      broker_(options_, broker_port(chosen), plugin_beside_program()) {
    broker_.start();
    if (chosen.rtt_ms > 0) proxy_.emplace(loop_, chosen.port, broker_.port(), chosen.rtt_ms);
    http_.emplace(chosen.http_port, [this](const http_request& request) { return serve(request); });
    write_environment();
    watch_signals();
}

std::uint16_t supervisor::mqtt_port() const {
    return proxy_ ? proxy_->port() : broker_.port();
}

int supervisor::run() {
    loop_.run();
    http_.reset();
    broker_.stop();
    return status_;
}

void supervisor::watch_signals() {
    stop_signals_.async_wait([this](boost::system::error_code, int) { loop_.stop(); });
    child_signals_.async_wait([this](boost::system::error_code error, int) {
        if (error) return;
        if (!away_ && !broker_.running()) {
            std::cerr << "fleetline-rehearsal-cloud: mosquitto ended by itself\n";
            status_ = 1;
            loop_.stop();
        }
        watch_signals();
    });
}

void supervisor::write_environment() const {
    const auto ca = std::filesystem::absolute(options_.folder / "ca.pem");
    write_file(options_.folder / "env",
               "IOT_HOST=localhost\nIOT_PORT=" + std::to_string(mqtt_port()) +
                   "\nAWS_ENDPOINT_URL=http://127.0.0.1:" + std::to_string(http_port()) +
                   "\nCLOUD_CA=" + shell_word(ca.string()) + "\n");
}

http_response supervisor::serve(const http_request& request) {
    // An outage takes MQTT away; the control endpoint must stay to end it.
    const std::lock_guard lock{http_mutex_};
    if (request.path.starts_with("/rehearsal/")) return rehearsal_routes(*this, registry_, request);
    control_plane_context context{registry_, authority_, "localhost"};
    return control_plane(context, request);
}

void supervisor::on_main_thread(const std::function<void()>& work) {
    std::packaged_task<void()> task{work};
    auto done = task.get_future();
    boost::asio::post(loop_, std::ref(task));
    // The loop may have been stopped by a signal meanwhile; then nobody will do it.
    while (done.wait_for(std::chrono::milliseconds{100}) == std::future_status::timeout) {
        if (loop_.stopped()) throw std::runtime_error("the cloud is stopping");
    }
    done.get();
}

void supervisor::begin_outage(bool freeze, std::int64_t seconds) {
    on_main_thread([=, this] { start_outage(freeze, seconds); });
}

void supervisor::end_outage() {
    on_main_thread([this] { finish_outage(); });
}

void supervisor::start_outage(bool freeze, std::int64_t seconds) {
    finish_outage();
    away_ = true;
    if (freeze) {
        broker_.freeze();
    } else {
        if (proxy_) proxy_->refuse();
        broker_.stop();
    }
    if (seconds == 0) return;
    outage_ends_.expires_after(std::chrono::seconds{seconds});
    outage_ends_.async_wait([this](boost::system::error_code cancelled) {
        if (!cancelled) finish_outage();
    });
}

void supervisor::finish_outage() {
    outage_ends_.cancel();
    if (!away_) return;
    if (broker_.running()) {
        broker_.thaw();
    } else {
        broker_.start();
        if (proxy_) proxy_->accept();
    }
    away_ = false;
}

}  // namespace fleetline::rehearsal
