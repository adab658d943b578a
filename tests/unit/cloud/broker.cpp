// SPDX-License-Identifier: Apache-2.0
#include "broker.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

extern char** environ;

namespace fleetline::tests {

namespace {

sockaddr_in local(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

bool listening(std::uint16_t port) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto address = local(port);
    const bool reached = connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    close(socket);
    return reached;
}

}  // namespace

std::uint16_t free_port() {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    auto address = local(0);
    socklen_t size = sizeof address;
    if (bind(socket, reinterpret_cast<const sockaddr*>(&address), size) != 0)
        throw std::runtime_error("bind");
    getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
    close(socket);
    return ntohs(address.sin_port);
}

broker::broker() : tls_port(free_port()), plain_port(free_port()) {
    certificate_wish ca;
    ca.common_name = ca_name;
    ca.is_ca = true;
    files.write("ca.pem", make_certificate_pem(ca_key.get(), ca, ca_key.get(), ca_name));
    certificate_wish server;
    server.common_name = server.host = "localhost";
    write_server_certificate(server);
    certificate_wish claim;
    claim.common_name = "Claim";
    write_claim(claim);
}

broker::~broker() {
    stop();
}

void broker::write_server_certificate(const certificate_wish& wish) {
    const auto key = make_key();
    files.write("server.key", private_pem(key.get()));
    files.write("server.pem", make_certificate_pem(key.get(), wish, ca_key.get(), ca_name));
}

void broker::write_claim(const certificate_wish& wish) {
    const auto key = make_key();
    files.write("claim.key", private_pem(key.get()));
    files.write("claim.pem", make_certificate_pem(key.get(), wish, ca_key.get(), ca_name));
}

void broker::start() {
    const auto file = [this](const char* name) { return (files.path / name).string(); };
    std::string text =
        "user root\nlog_dest stderr\nlog_type all\nset_tcp_nodelay true\n"
        "max_inflight_messages 0\nmax_queued_messages 0\nallow_anonymous true\n";
    text += extra;
    text += "\nlistener " + std::to_string(tls_port) + " 127.0.0.1\ncafile " + file("ca.pem") +
            "\ncertfile " + file("server.pem") + "\nkeyfile " + file("server.key") +
            "\nrequire_certificate true\nuse_identity_as_username true\n";
    text += "listener " + std::to_string(plain_port) + " 127.0.0.1\n";
    auto configuration = files.write("mosquitto.conf", text).string();
    auto log = file("mosquitto.log");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    // It must not outlive a test that dies.
    std::vector<std::string> words{"/usr/bin/setpriv",    "--pdeathsig", "KILL",
                                   "/usr/sbin/mosquitto", "-c",          configuration};
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const std::string program = words.front();
    if (posix_spawn(&process_, program.c_str(), &actions, nullptr, arguments.data(), environ) != 0) {
        throw std::runtime_error("mosquitto cannot be started");
    }
    posix_spawn_file_actions_destroy(&actions);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (!listening(tls_port) || !listening(plain_port)) {
        if (std::chrono::steady_clock::now() > end) throw std::runtime_error("mosquitto does not listen");
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
}

void broker::stop() {
    if (process_ < 0) return;
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
    process_ = -1;
}

void broker::freeze() {
    kill(process_, SIGSTOP);
}

void broker::thaw() {
    kill(process_, SIGCONT);
}

cloud::session_settings broker::settings() const {
    cloud::session_settings given;
    given.endpoint = "localhost";
    given.port = tls_port;
    given.client_id = "station-1";
    given.ca_file = files.path / "ca.pem";
    given.claim.certificate_file = files.path / "claim.pem";
    given.claim.key_file = files.path / "claim.key";
    given.templates = {"boards"};
    given.create = {10'000, 1'000};
    given.register_thing = {10'000, 1'000};
    given.connect_timeout = milliseconds{5'000};
    given.request_timeout = milliseconds{2'000};
    given.patience = milliseconds{20'000};
    return given;
}

}  // namespace fleetline::tests
