// SPDX-License-Identifier: Apache-2.0
// Step 3 of fleet provisioning against a real mosquitto with mutual TLS.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>

#include "bench.hpp"

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class broker {
  public:
    broker() {
        std::string name = (fs::temp_directory_path() / "broker-XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        directory_ = name;
        in_directory(
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ca "
            "-keyout ca.key -out "
            "ca.pem && openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost "
            "-keyout "
            "server.key -out server.csr && printf 'subjectAltName=DNS:localhost' > ext && openssl x509 -req "
            "-in server.csr "
            "-CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out server.pem && chmod a+r "
            "*.key && chmod "
            "a+rx .");
        // A port that was free a moment ago.
        port_ =
            std::stoi(bench::shell("python3 -c 'import socket; s=socket.socket(); s.bind((\"127.0.0.1\",0)); "
                                   "print(s.getsockname()[1])'"));
    }
    ~broker() {
        stop();
        std::error_code ignored;
        fs::remove_all(directory_, ignored);
    }
    broker(const broker&) = delete;
    broker& operator=(const broker&) = delete;

    void start() {
        std::ofstream(directory_ / "conf")
            << "listener " << port_ << " localhost\ncafile " << file("ca.pem") << "\ncertfile "
            << file("server.pem") << "\nkeyfile " << file("server.key")
            << "\nrequire_certificate true\nuse_identity_as_username true\nlog_dest file " << file("log")
            << "\nlog_type all\n";
        std::ofstream(directory_ / "log").close();
        fs::permissions(directory_ / "log", fs::perms::all);
        pid_ = ::fork();
        if (pid_ == 0) {
            ::execl("/usr/sbin/mosquitto", "mosquitto", "-c", file("conf").c_str(), nullptr);
            ::_exit(127);
        }
    }
    void stop() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGTERM);
        ::waitpid(pid_, nullptr, 0);
        pid_ = -1;
    }
    std::string file(const std::string& name) const { return directory_ / name; }
    std::string port() const { return std::to_string(port_); }
    std::string in_directory(const std::string& command) const {
        return bench::shell("cd " + directory_.string() + " && " + command);
    }
    std::string log() const { return bench::shell("cat " + file("log")); }

  private:
    fs::path directory_;
    int port_ = 0;
    pid_t pid_ = -1;
};

// A board whose flash holds everything it needs, signed by the broker's CA (or another).
void provision(bench::host& host, const broker& cloud, const std::string& ca) {
    host.until_quiet();
    for (const std::string line : {"conf set thing_name thing-1", "conf set mqtt_endpoint localhost"})
        host.command(line);
    host.command("conf set mqtt_port " + cloud.port());
    host.command("conf commit");
    host.command("pki generate key");
    host.until_quiet();
    const auto csr = host.command("pki generate csr");
    bench::shell("cat > " + cloud.file("csr.pem") + " <<'END'\n" + csr + "END");
    cloud.in_directory("openssl x509 -req -in csr.pem -CA " + ca + ".pem -CAkey " + ca +
                       ".key -CAcreateserial -days 2 -out cert.pem");
    host.send("pki import cert\r\n" + cloud.in_directory("cat cert.pem"));
    host.expect("Success: Certificate loaded to label: 'tls_cert'.\r\n");
    host.until_quiet();
}

}  // namespace

TEST_CASE("after a reset a provisioned board connects with its certificate and publishes one message") {
    broker cloud;
    cloud.start();
    bench::boards boards({"--count", "1", "--ca", cloud.file("ca.pem"), "--no-pace"});
    bench::host host(boards.usb());
    boards.event("booted");
    provision(host, cloud, "ca");
    host.send("reset\r\n");
    nlohmann::json seen;
    do seen = boards.event("first-connect");
    while (seen["result"] == "retry");  // the broker may still be starting
    CHECK(seen["result"] == "ok");
    CHECK(seen["topic"] == "thing-1/hello");
    host.expect("[MQTTAgent ] Connected to the broker.");
    cloud.stop();
    CHECK(cloud.log().find("PUBLISH from thing-1 (d0, q1, r0, m1, 'thing-1/hello'") != std::string::npos);
}

TEST_CASE("an imported root CA takes the place of the built-in one") {
    broker cloud;
    cloud.start();
    bench::boards boards({"--count", "1", "--no-pace"});
    bench::host host(boards.usb());
    boards.event("booted");
    provision(host, cloud, "ca");
    host.send("pki import cert root_ca_cert\r\n" + cloud.in_directory("cat ca.pem"));
    host.expect("Success: Certificate loaded to label: 'root_ca_cert'.\r\n");
    CHECK(boards.flash("ca.pem") == cloud.in_directory("cat ca.pem"));
    host.send("reset\r\n");
    nlohmann::json seen;
    do seen = boards.event("first-connect");
    while (seen["result"] == "retry");
    CHECK(seen["result"] == "ok");
}

TEST_CASE("a board whose certificate the cloud does not know is told so, tries again and gives up") {
    broker cloud;
    cloud.start();
    cloud.in_directory(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=x -keyout "
        "other.key -out "
        "other.pem");
    bench::boards boards({"--count", "1", "--ca", cloud.file("ca.pem"), "--no-pace"});
    bench::host host(boards.usb());
    boards.event("booted");
    provision(host, cloud, "other");
    host.send("reset\r\n");
    const auto seen = boards.event("first-connect");
    CHECK(seen["result"] == "retry");
    CHECK_FALSE(seen["reason"].get<std::string>().empty());
    host.expect("<ERR>");
    host.expect("[MQTTAgent ] Connection to the broker failed, retry in 500 ms.");
}

TEST_CASE("no-network: a provisioned board stays away from the cloud") {
    broker cloud;
    bench::boards boards(
        {"--count", "1", "--ca", cloud.file("ca.pem"), "--no-pace", "--fault", "no-network"});
    bench::host host(boards.usb());
    boards.event("booted");
    provision(host, cloud, "ca");
    host.send("reset\r\n");
    host.expect("File System mounted.");
    CHECK(host.until_quiet(150ms).find("[MQTTAgent ]") == std::string::npos);
}
