// SPDX-License-Identifier: Apache-2.0
#include "rehearsal_cloud.hpp"

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

#include "broker.hpp"

extern char** environ;

namespace fleetline::tests {

rehearsal_cloud::rehearsal_cloud(std::vector<std::string> options)
    : mqtt_port_(free_port()), http_port_(free_port()) {
    std::vector<std::string> words{"/usr/bin/setpriv",
                                   "--pdeathsig",
                                   "TERM",
                                   std::string(FLEETLINE_BIN_DIR) + "/fleetline-rehearsal-cloud",
                                   "--dir",
                                   files.path.string(),
                                   "--port",
                                   std::to_string(mqtt_port_),
                                   "--http-port",
                                   std::to_string(http_port_),
                                   "--limit",
                                   "publishes_per_second=0"};
    words.insert(words.end(), options.begin(), options.end());
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const auto log = (files.path / "test.log").string();
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    if (posix_spawn(&process_, words.front().c_str(), &actions, nullptr, arguments.data(), environ) != 0) {
        throw std::runtime_error("the rehearsal cloud cannot be started");
    }
    posix_spawn_file_actions_destroy(&actions);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{40};
    while (!std::filesystem::exists(files.path / "env")) {
        if (waitpid(process_, nullptr, WNOHANG) != 0 || std::chrono::steady_clock::now() > end) {
            throw std::runtime_error("the rehearsal cloud does not start");
        }
        std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
}

rehearsal_cloud::~rehearsal_cloud() {
    kill(process_, SIGTERM);
    waitpid(process_, nullptr, 0);
}

cloud::session_settings rehearsal_cloud::settings() const {
    cloud::session_settings given;
    given.endpoint = "localhost";
    given.port = mqtt_port_;
    given.client_id = "station-1";
    given.ca_file = files.path / "ca.pem";
    given.claim.certificate_file = files.path / "claim.pem";
    given.claim.key_file = files.path / "claim.key";
    given.templates = {"fleetline-rehearsal"};
    given.create = given.register_thing = {10'000, 1'000};
    given.connect_timeout = milliseconds{5'000};
    given.request_timeout = milliseconds{2'000};
    given.patience = milliseconds{30'000};
    return given;
}

void rehearsal_cloud::fault(const std::string& json) {
    request("POST", "/rehearsal/faults", json);
}

void rehearsal_cloud::forget_faults() {
    request("DELETE", "/rehearsal/faults", "");
}

void rehearsal_cloud::claim_may(const std::string& statements) {
    std::string document;
    for (const char letter : R"({"Version":"2012-10-17","Statement":[)" + statements + "]}") {
        if (letter == '"') document += '\\';
        document += letter;
    }
    request("POST", "/policies/fleetline-rehearsal-claim/version?setAsDefault=true",
            R"({"policyDocument":")" + document + "\"}");
}

void rehearsal_cloud::request(const std::string& method, const std::string& target, const std::string& body) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(http_port_);
    if (connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        throw std::runtime_error("the rehearsal cloud's HTTP door is closed");
    }
    const auto text = method + " " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" +
                      "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
                      "\r\n\r\n" + body;
    if (write(socket, text.data(), text.size()) < 0) throw std::runtime_error("HTTP write");
    std::string answer(4096, '\0');
    const auto size = read(socket, answer.data(), answer.size());
    close(socket);
    if (size < 12 || answer[9] != '2') throw std::runtime_error("HTTP: " + answer.substr(0, 300));
}

}  // namespace fleetline::tests
