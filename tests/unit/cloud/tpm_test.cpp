// SPDX-License-Identifier: Apache-2.0
// A claim key that never leaves the TPM: swtpm and its resource manager on a bus of their own, the key made
// by tpm2-openssl, a real broker.
#include <openssl/pem.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <thread>

#include "broker.hpp"
#include "line.hpp"
#include "support/shell.hpp"

extern char** environ;

using namespace fleetline;
using namespace fleetline::tests;
namespace asio = boost::asio;

namespace {

/// A program that ends with this object, or with the test.
class companion {
  public:
    explicit companion(std::vector<std::string> words) {
        words.insert(words.begin(), {"/usr/bin/setpriv", "--pdeathsig", "KILL"});
        std::vector<char*> arguments;
        for (auto& word : words) arguments.push_back(word.data());
        arguments.push_back(nullptr);
        if (posix_spawn(&process_, words.front().c_str(), nullptr, nullptr, arguments.data(), environ) != 0) {
            throw std::runtime_error(words[3] + " cannot be started");
        }
    }
    ~companion() {
        kill(process_, SIGKILL);
        waitpid(process_, nullptr, 0);
    }
    companion(const companion&) = delete;
    companion& operator=(const companion&) = delete;

  private:
    pid_t process_ = -1;
};

bool installed() {
    return test::shell(
               "command -v swtpm tpm2-abrmd dbus-daemon >/dev/null && "
               "ls /usr/lib/*/ossl-modules/tpm2.so >/dev/null 2>&1")
               .status == 0;
}

void wait_until(const std::string& command) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (test::shell(command).status != 0) {
        if (std::chrono::steady_clock::now() > end) throw std::runtime_error("in vain: " + command);
        std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
}

std::string text_of(const std::filesystem::path& file) {
    std::ifstream stream(file);
    return {std::istreambuf_iterator<char>(stream), {}};
}

key_ptr read_public_key(const std::filesystem::path& file) {
    const auto pem = text_of(file);
    BIO* const in = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
    key_ptr key(PEM_read_bio_PUBKEY(in, nullptr, nullptr, nullptr));
    BIO_free(in);
    return key;
}

}  // namespace

TEST_CASE("the session signs in with a claim key that only the TPM can use", "[cloud][tpm]") {
    if (!installed()) {
        WARN("swtpm, tpm2-abrmd, dbus-daemon or tpm2-openssl is not installed: nothing is tested");
        return;
    }
    broker mosquitto;
    mosquitto.start();
    const auto dir = mosquitto.files.path.string();
    const auto first = free_port();
    const auto port = std::to_string(first);
    const auto control = std::to_string(first + 1);  // where its TCTI expects it

    const auto bus = "unix:path=" + dir + "/bus";
    setenv("DBUS_SESSION_BUS_ADDRESS", bus.c_str(), 1);
    const companion dbus({"dbus-daemon", "--session", "--nofork", "--address=" + bus});
    const companion tpm({"swtpm", "socket", "--tpm2", "--tpmstate", "dir=" + dir, "--server",
                         "type=tcp,port=" + port, "--ctrl", "type=tcp,port=" + control, "--flags",
                         "not-need-init,startup-clear"});
    wait_until("test -S " + dir + "/bus");
    wait_until("grep -q :$(printf %04X " + port + ") /proc/net/tcp");
    const companion manager({"tpm2-abrmd", "--session", "--allow-root", "--flush-all",
                             "--tcti=swtpm:host=127.0.0.1,port=" + port});
    setenv("TPM2OPENSSL_TCTI", "tabrmd:bus_type=session", 1);
    const std::string with = " -provider tpm2 -provider default -propquery '?provider=tpm2' ";
    wait_until("openssl genpkey" + with + "-algorithm EC -pkeyopt group:P-256 -out " + dir +
               "/claim.key 2>/dev/null");
    REQUIRE(text_of(mosquitto.files.path / "claim.key").starts_with("-----BEGIN TSS2 PRIVATE KEY-----"));
    wait_until("openssl pkey" + with + "-in " + dir + "/claim.key -pubout -out " + dir +
               "/claim.pub 2>/dev/null");
    const auto key = read_public_key(mosquitto.files.path / "claim.pub");
    certificate_wish wish;
    wish.common_name = "Claim";
    mosquitto.files.write("claim.pem",
                          make_certificate_pem(key.get(), wish, mosquitto.ca_key.get(), broker::ca_name));

    auto settings = mosquitto.settings();
    settings.claim.source = cloud::claim_source::tpm;
    running_session line(settings);
    const auto connect = [&]() -> asio::awaitable<void> {
        const bool in_time = co_await within(line.time, milliseconds{20'000}, line.session.available());
        UNSCOPED_INFO(line.session.status().trouble_code << ": " << line.session.status().trouble);
        CHECK(in_time);
    };
    line.during(connect());

    CHECK(line.session.counters().connects == 1);
    CHECK(text_of(mosquitto.files.path / "mosquitto.log").find("u'Claim'") != std::string::npos);
}
