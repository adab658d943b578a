// SPDX-License-Identifier: Apache-2.0
// The dialect against the rehearsal's board: a program of its own on a PTY, found through the directory of
// links, paced at a baud rate, with its chatter and its faults.
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <set>

#include "dialect/freertos_cli.hpp"
#include "serial/directory_watcher.hpp"
#include "unit/dialect/capture.hpp"
#include "unit/serial/pty.hpp"
#include "x509/x509.hpp"

extern char** environ;

namespace fs = std::filesystem;
using namespace fleetline;

namespace {

/// A board of its own program, plugged.
class plugged_board {
  public:
    explicit plugged_board(std::vector<std::string> options) {
        char name[] = "/tmp/fleetline-board-XXXXXX";
        place_ = mkdtemp(name);
        std::vector<std::string> words{std::string(FLEETLINE_BIN_DIR) + "/fleetline-rehearsal-board",
                                       "--usb",
                                       (place_ / "usb").string(),
                                       "--devices",
                                       (place_ / "devices").string(),
                                       "--log",
                                       (place_ / "log").string(),
                                       "--serial",
                                       "SN000123"};
        words.insert(words.end(), options.begin(), options.end());
        std::vector<char*> arguments;
        for (auto& word : words) arguments.push_back(word.data());
        arguments.push_back(nullptr);
        if (posix_spawn(&pid_, arguments[0], nullptr, nullptr, arguments.data(), environ) != 0)
            throw std::runtime_error("the board's program does not start");
    }
    ~plugged_board() {
        kill(pid_, SIGTERM);
        waitpid(pid_, nullptr, 0);
        fs::remove_all(place_);
    }
    plugged_board(const plugged_board&) = delete;
    plugged_board& operator=(const plugged_board&) = delete;

    fs::path usb() const { return place_ / "usb"; }
    fs::path flash() const { return place_ / "devices" / "SN000123"; }

  private:
    fs::path place_;
    pid_t pid_ = 0;
};

struct bench {
    explicit bench(std::vector<std::string> options, unsigned baud = 115200) : sim(std::move(options)) {
        serial::directory_watcher usb(context.get_executor(), sim.usb());
        const auto event = test::run(context, usb.next());
        serial::port_settings settings;
        settings.baud = baud;
        serial::port port(context.get_executor(), event.device.node, settings);
        board =
            std::make_unique<dialect::freertos_cli>(std::make_unique<serial::console>(std::move(port), time));
    }

    boost::asio::awaitable<void> provision() {
        co_await board->identify();
        const auto request = co_await board->make_csr("SN000123");
        const auto captured = test::capture::load("04-pki-happy-path");
        station::credential what;
        what.certificate_pem = captured.certificate_sent(1);
        what.certificate_der = x509::parse_certificate(what.certificate_pem)->der;
        what.ca_pem = captured.certificate_sent(2);
        what.thing = thing_name("SN000123-thing");
        what.endpoint = "a1b2c3d4e5f6g7-ats.iot.eu-central-1.amazonaws.com";
        what.public_key = request.public_key;
        co_await board->deliver(what);
        co_await board->prove(what);
        co_await board->finish();
    }

    std::string code() {
        try {
            test::run(context, provision(), std::chrono::seconds{60});
        } catch (const failure& error) {
            UNSCOPED_INFO(error.what() << "\n" << board->transcript());
            return error.code();
        }
        UNSCOPED_INFO("went well\n" << board->transcript());
        return "";
    }

    boost::asio::io_context context;
    system_time_source time;
    plugged_board sim;
    std::unique_ptr<dialect::freertos_cli> board;
};

std::string content(const fs::path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("the rehearsal's board goes the whole way, quiet or chatty, with a fast flash or a slow one") {
    const auto options = GENERATE(
        std::vector<std::string>{}, std::vector<std::string>{"--chatter", "500"},
        std::vector<std::string>{"--chatter", "60"}, std::vector<std::string>{"--chatter", "3"},
        std::vector<std::string>{"--flash-erase-ms", "45"}, std::vector<std::string>{"--fault", "slow-flash"},
        std::vector<std::string>{"--fault", "log-mid-answer"},
        std::vector<std::string>{"--fault", "slow-kvstore=300"}, std::vector<std::string>{"--boot-ms", "700"},
        std::vector<std::string>{"--no-pace"});
    bench b(options);
    INFO((options.empty() ? "quiet" : options.front() + " " + options.back()));
    CHECK(b.code().empty());
    CHECK(content(b.sim.flash() / "thing_name").starts_with("SN000123-thing"));
    const auto held = x509::parse_certificate(content(b.sim.flash() / "certificate.pem"));
    REQUIRE(held);
    CHECK(held->common_name == "SN000123");
    CHECK_FALSE(content(b.sim.flash() / "ca.pem").empty());
}

TEST_CASE("each fault of the rehearsal's board ends in a failure of its own") {
    const auto [fault, codes] = GENERATE(table<std::string, std::set<std::string>>(
        {{"csr-bad-signature", {"device-csr-invalid"}},
         {"csr-wrong-key", {"device-csr-invalid"}},
         {"csr-wrong-subject", {"device-csr-invalid"}},
         {"dead-after-reset", {"device-no-answer"}},
         {"import-corrupts", {"device-proof-failed", "device-write-failed"}},
         {"import-drops-line", {"device-proof-failed", "device-write-failed"}},
         {"keygen-fails", {"device-key-failed"}},
         {"no-prompt", {"device-no-answer"}},
         {"readback-nothing", {"device-proof-failed"}},
         {"readback-other-cert", {"device-proof-failed"}},
         {"reboot-midway", {"device-restarted"}},
         {"reboot-midway=conf commit", {"device-restarted", "device-write-failed"}},
         {"silent", {"device-no-answer"}},
         {"random-garbage", {""}},
         {"wrong-baud", {"device-no-answer", "device-flooded"}}}));
    INFO(fault);
    bench b({"--fault", fault});
    CHECK(codes.count(b.code()) == 1);
}
