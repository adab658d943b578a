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
#include <memory>
#include <thread>

#include "broker.hpp"
#include "cloud/diagnosis.hpp"
#include "ledger/signed_file.hpp"
#include "ledger/station_key.hpp"
#include "line.hpp"
#include "noting_clock.hpp"
#include "support/shell.hpp"
#include "unit/api/api_line.hpp"
#include "x509/x509.hpp"

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
    void freeze() const { kill(process_, SIGSTOP); }
    void thaw() const { kill(process_, SIGCONT); }
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

bool in_use(int port) {
    return test::shell("grep -q :$(printf %04X " + std::to_string(port) + ") /proc/net/tcp").status == 0;
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

/// A broker whose claim's key is in a TPM that runs while this lives.
struct tpm_claim {
    tpm_claim() {
        mosquitto.start();
        write_plain_claim();
        setenv("DBUS_SESSION_BUS_ADDRESS", bus.c_str(), 1);
        programs.push_back(std::make_unique<companion>(
            std::vector<std::string>{"dbus-daemon", "--session", "--nofork", "--address=" + bus}));
        auto first = free_port();
        while (in_use(first + 1)) first = free_port();
        const auto port = std::to_string(first);
        const auto control = std::to_string(first + 1);  // where its TCTI expects it
        programs.push_back(std::make_unique<companion>(std::vector<std::string>{
            "swtpm", "socket", "--tpm2", "--tpmstate", "dir=" + dir, "--server", "type=tcp,port=" + port,
            "--ctrl", "type=tcp,port=" + control, "--flags", "not-need-init,startup-clear"}));
        wait_until("test -S " + dir + "/bus");
        wait_until("grep -q :$(printf %04X " + port + ") /proc/net/tcp");
        programs.push_back(std::make_unique<companion>(
            std::vector<std::string>{"tpm2-abrmd", "--session", "--allow-root", "--flush-all",
                                     "--tcti=swtpm:host=127.0.0.1,port=" + port}));
        setenv("TPM2OPENSSL_TCTI", "tabrmd:bus_type=session", 1);
        const std::string with = " -provider tpm2 -provider default -propquery '?provider=tpm2' ";
        wait_until("openssl genpkey" + with + "-algorithm EC -pkeyopt group:P-256 -out " + dir +
                   "/claim.key 2>/dev/null");
        wait_until("openssl pkey" + with + "-in " + dir + "/claim.key -pubout -out " + dir +
                   "/claim.pub 2>/dev/null");
        const auto key = read_public_key(mosquitto.files.path / "claim.pub");
        certificate_wish wish;
        wish.common_name = "Claim";
        mosquitto.files.write("claim.pem",
                              make_certificate_pem(key.get(), wish, mosquitto.ca_key.get(), broker::ca_name));
    }
    ~tpm_claim() {
        while (!programs.empty()) programs.pop_back();
    }
    tpm_claim(const tpm_claim&) = delete;
    tpm_claim& operator=(const tpm_claim&) = delete;

    void write_plain_claim() const {
        const auto key = make_key();
        certificate_wish wish;
        wish.common_name = "Plain";
        mosquitto.files.write("plain.key", private_pem(key.get()));
        mosquitto.files.write("plain.pem",
                              make_certificate_pem(key.get(), wish, mosquitto.ca_key.get(), broker::ca_name));
    }

    std::string key_file() const { return dir + "/claim.key"; }
    std::string broker_log() const { return text_of(mosquitto.files.path / "mosquitto.log"); }

    broker mosquitto;
    const std::string dir = mosquitto.files.path.string();
    const std::string bus = "unix:path=" + dir + "/bus";
    std::vector<std::unique_ptr<companion>> programs;
};

/// Connects once with these settings; how often it did.
std::uint64_t connects(const cloud::session_settings& settings) {
    running_session line(settings);
    const auto connect = [&]() -> asio::awaitable<void> {
        const bool in_time = co_await within(line.time, milliseconds{20'000}, line.session.available());
        UNSCOPED_INFO(line.session.status().trouble_code << ": " << line.session.status().trouble);
        CHECK(in_time);
    };
    line.during(connect());
    return line.session.counters().connects;
}

/// The station's own keys do what they are for: checkpoints and registration requests, reports, boards' keys.
void check_station_key(const ledger::station_key& key, const std::filesystem::path& report) {
    const auto signature = key.sign("checkpoint");
    CHECK(ledger::is_signed_by(key.certificate_pem(), "checkpoint", signature));
    CHECK_FALSE(ledger::is_signed_by(key.certificate_pem(), "another", signature));
    CHECK(ledger::is_certificate(key.certificate_pem(), key.certificate_sha256()));
    const auto read = ledger::check_signature(ledger::sign_file(key, report, "a report"), report);
    REQUIRE(read);
    CHECK(read->certificate_sha256 == key.certificate_sha256());
}

}  // namespace

TEST_CASE("the session signs in with a claim key that only the TPM can use", "[cloud][tpm]") {
    if (!installed()) {
        WARN("SKIPPED: swtpm, tpm2-abrmd, dbus-daemon or tpm2-openssl is not installed");
        return;
    }
    tpm_claim made;
    REQUIRE(text_of(made.key_file()).starts_with("-----BEGIN TSS2 PRIVATE KEY-----"));
    auto settings = made.mosquitto.settings();
    settings.claim.source = cloud::claim_source::tpm;

    CHECK(connects(settings) == 1);
    CHECK(made.broker_log().find("u'Claim'") != std::string::npos);

    // A plain key takes its place.
    settings.claim.source = cloud::claim_source::file;
    settings.claim.certificate_file = made.dir + "/plain.pem";
    settings.claim.key_file = made.dir + "/plain.key";
    CHECK(connects(settings) == 1);
    CHECK(made.broker_log().find("u'Plain'") != std::string::npos);
}

TEST_CASE("the station's own keys work while the claim's key is in the TPM", "[cloud][tpm]") {
    if (!installed()) {
        WARN("SKIPPED: swtpm, tpm2-abrmd, dbus-daemon or tpm2-openssl is not installed");
        return;
    }
    tpm_claim made;
    const auto now = system_time_source{}.utc_now();
    const auto report = made.mosquitto.files.write("report", "all is well");
    const auto folder = [&](const char* name) {
        std::filesystem::create_directory(made.mosquitto.files.path / name);
        return made.mosquitto.files.path / name;
    };
    const ledger::station_key from_before(folder("before"), "station-1", now);
    const auto serve_tls = [&](api::settings& wanted) {
        wanted.listen = "127.0.0.1:0";
        wanted.tls_certificate_file = made.mosquitto.files.path / "server.pem";
        wanted.tls_key_file = made.mosquitto.files.path / "server.key";
    };
    const api::test::line served_before(serve_tls);
    auto settings = made.mosquitto.settings();
    settings.claim.source = cloud::claim_source::tpm;
    REQUIRE(connects(settings) == 1);

    check_station_key(from_before, report);
    check_station_key(ledger::station_key(folder("before"), "station-1", now), report);
    check_station_key(ledger::station_key(folder("after"), "station-1", now), report);
    CHECK(x509::make_csr(x509::make_private_key(), "board"));
    const api::test::line served_after(serve_tls);
    for (const auto* line : {&served_before, &served_after}) {
        const auto said =
            test::shell("echo Q | openssl s_client -connect localhost:" + std::to_string(line->port()) +
                        " -verify_return_error -CAfile " + made.dir + "/ca.pem 2>&1");
        INFO(said.text);
        CHECK(said.status == 0);
        CHECK(said.text.find("Verify return code: 0 (ok)") != std::string::npos);
    }
}

TEST_CASE("a TPM that no longer answers is named, and holds nobody up", "[cloud][tpm]") {
    if (!installed()) {
        WARN("SKIPPED: swtpm, tpm2-abrmd, dbus-daemon or tpm2-openssl is not installed");
        return;
    }
    tpm_claim made;
    auto settings = made.mosquitto.settings();
    settings.claim.source = cloud::claim_source::tpm;
    REQUIRE(connects(settings) == 1);
    const auto& tpm = *made.programs.at(1);
    noting_clock clock(5);  // a whole way takes more than a second: TLS is listened to for a refusal
    asio::io_context io{1};
    std::vector<cloud::trouble> found;

    const auto look = [&]() -> asio::awaitable<void> {
        auto now = co_await cloud::diagnose(settings, clock, 0, "no words");
        found.push_back(std::move(now));
    };
    const auto trip = [&]() -> asio::awaitable<void> {
        tpm.freeze();
        co_await look();  // would never end if it waited for the TPM
        co_await look();  // nor does a second one ask it
        tpm.thaw();
        do {
            co_await clock.wait_for(milliseconds{1'000});
            co_await look();
        } while (found.back().code != "cloud-claim-refused");
    };
    asio::co_spawn(io, trip(), asio::detached);
    io.run();

    for (std::size_t at = 0; at < 2; ++at) {
        CHECK(found.at(at).code == "cloud-claim-invalid");
        CHECK(found.at(at).text.find("TPM that holds the claim's key does not answer") != std::string::npos);
    }
    // All is well but that the session did not come about: nobody was asked.
    CHECK(found.back().text.find("no words") != std::string::npos);
}
