// SPDX-License-Identifier: Apache-2.0
#include "server/broker.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstring>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "core/authority.hpp"
#include "core/text.hpp"

namespace fleetline::rehearsal {
namespace {

constexpr const char* mosquitto_path = "/usr/sbin/mosquitto";
constexpr auto start_patience = std::chrono::seconds{10};
constexpr auto stop_patience = std::chrono::seconds{5};
constexpr auto poll_interval = std::chrono::milliseconds{10};

struct socket_fd {
    int fd;
    ~socket_fd() {
        if (fd >= 0) ::close(fd);
    }
};

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

bool has_ipv6_loopback() {
    const socket_fd probe{::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_addr = in6addr_loopback;
    return probe.fd >= 0 &&
           ::bind(probe.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

void write_listener(std::ostream& out, const std::filesystem::path& folder, std::uint16_t port,
                    const char* address) {
    out << "listener " << port << ' ' << address << "\nmax_qos 1\n"
        << "cafile " << (folder / "ca.pem").string() << "\ncertfile " << (folder / "server.pem").string()
        << "\nkeyfile " << (folder / "server.key").string() << "\nrequire_certificate true\n";
}

// The AddressSanitizer runtime must be the first library of a program that loads an instrumented plugin.
void preload_sanitizer() {
#ifdef FLEETLINE_SANITIZER_RUNTIME
    // With libstdc++ beside it: the broker is a C program, and the runtime looks for __cxa_throw when it is loaded.
    ::setenv("LD_PRELOAD", FLEETLINE_SANITIZER_RUNTIME ":libstdc++.so.6", 1);
#endif
}

}  // namespace

std::uint16_t free_port() {
    const socket_fd probe{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    if (probe.fd < 0 || ::bind(probe.fd, reinterpret_cast<const sockaddr*>(&address), length) != 0 ||
        ::getsockname(probe.fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
        throw std::runtime_error(std::string{"no free port: "} + std::strerror(errno));
    }
    return ntohs(address.sin_port);
}

broker::broker(const options& chosen, std::uint16_t port, std::filesystem::path plugin)
    : options_(chosen), port_(port), plugin_(std::move(plugin)) {}

broker::~broker() {
    stop();
}

void broker::write_configuration() const {
    const std::filesystem::path folder = std::filesystem::absolute(options_.folder);
    std::ostringstream out;
    out << "per_listener_settings false\nallow_anonymous false\npersistence false\nuser root\n"
        << "log_dest stderr\nlog_type error\nlog_type warning\nlog_type notice\nlog_timestamp_format "
           "%Y-%m-%dT%H:%M:%SZ\n"
        << "set_tcp_nodelay true\nmax_inflight_messages 0\nmax_queued_messages 0\nmax_packet_size "
           "149504\nsys_interval 0\n"
        << "plugin " << plugin_.string() << "\nplugin_opt_dir " << folder.string()
        << "\nplugin_opt_token_lifetime " << options_.token_lifetime_s << '\n';
    write_listener(out, folder, port_, "127.0.0.1");
    if (has_ipv6_loopback()) write_listener(out, folder, port_, "::1");
    write_file(folder / "mosquitto.conf", out.str());
}

void broker::start() {
    write_configuration();
    const std::string configuration = (options_.folder / "mosquitto.conf").string();
    const std::array<char*, 4> arguments = {const_cast<char*>("mosquitto"), const_cast<char*>("-c"),
                                            const_cast<char*>(configuration.c_str()), nullptr};
    const pid_t parent = ::getpid();
    child_ = ::fork();
    if (child_ < 0) throw std::runtime_error(std::string{"cannot fork: "} + std::strerror(errno));
    if (child_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != parent) ::_exit(1);  // the parent died in between
        sigset_t none;
        sigemptyset(&none);
        ::sigprocmask(SIG_SETMASK, &none, nullptr);
        preload_sanitizer();
        ::execv(mosquitto_path, arguments.data());
        ::_exit(127);
    }
    wait_until_it_accepts_tls();
}

void broker::wait_until_it_accepts_tls() {
    const auto deadline = std::chrono::steady_clock::now() + start_patience;
    while (std::chrono::steady_clock::now() < deadline) {
        if (!running())
            throw std::runtime_error("mosquitto ended while it started; its words are in the log");
        if (accepts_tls()) return;
        std::this_thread::sleep_for(poll_interval);
    }
    throw std::runtime_error("mosquitto does not accept TLS connections");
}

bool broker::accepts_tls() const {
    const socket_fd socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const sockaddr_in address = loopback(port_);
    if (::connect(socket.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return false;
    const std::unique_ptr<SSL_CTX, frees<SSL_CTX_free>> context{SSL_CTX_new(TLS_client_method())};
    SSL_CTX_load_verify_file(context.get(), (options_.folder / "ca.pem").c_str());
    SSL_CTX_use_certificate_file(context.get(), (options_.folder / "claim.pem").c_str(), SSL_FILETYPE_PEM);
    SSL_CTX_use_PrivateKey_file(context.get(), (options_.folder / "claim.key").c_str(), SSL_FILETYPE_PEM);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    const std::unique_ptr<SSL, frees<SSL_free>> ssl{SSL_new(context.get())};
    SSL_set1_host(ssl.get(), "localhost");
    SSL_set_fd(ssl.get(), socket.fd);
    const bool connected = SSL_connect(ssl.get()) == 1;
    ERR_clear_error();
    return connected;
}

bool broker::running() {
    if (child_ <= 0) return false;
    if (::waitpid(child_, nullptr, WNOHANG) != child_) return true;
    child_ = -1;
    return false;
}

void broker::stop() {
    if (!running()) return;
    ::kill(child_, SIGCONT);
    ::kill(child_, SIGTERM);
    const auto deadline = std::chrono::steady_clock::now() + stop_patience;
    while (running() && std::chrono::steady_clock::now() < deadline)
        std::this_thread::sleep_for(poll_interval);
    if (!running()) return;
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
    child_ = -1;
}

void broker::freeze() {
    if (running()) ::kill(child_, SIGSTOP);
}

void broker::thaw() {
    if (running()) ::kill(child_, SIGCONT);
}

}  // namespace fleetline::rehearsal
